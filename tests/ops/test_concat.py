from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.device import REFERENCE
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import CHANNELS_LAST, TensorType
from mxtrain.executor import bind
from mxtrain.graph import Graph, variable
from mxtrain.passes import compile_graph
from tests.contract.operators import FAST, PLAIN_OPTIONS, Case, check_operator
from tests.contract.values import backward, forward, inferred, node_of

BOTH = ("float32", "bfloat16")
CASES = [
    Case({"arg0": (2, 3, 4), "arg1": (2, 5, 4)}, {"num_args": 2}, fast=True, dtypes=BOTH),
    Case({"arg0": (2, 3, 4, 4), "arg1": (2, 8, 4, 4), "arg2": (2, 1, 4, 4)}, {"num_args": 3}, fast=True, dtypes=BOTH),
    Case({"arg0": (2, 3), "arg1": (4, 3)}, {"num_args": 2, "dim": 0}, fast=True),
    Case({"arg0": (2, 3), "arg1": (2, 1)}, {"num_args": 2, "dim": -1}, fast=True),
    Case({"arg0": (2, 3)}, {"num_args": 1}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("concat", case, rng)


def test_pieces_lie_in_order():
    pair = {"arg0": [[1, 2], [3, 4]], "arg1": [[5], [6]]}
    assert forward("concat", {"num_args": 2}, **pair).tolist() == [[1, 2, 5], [3, 4, 6]]
    dy = backward("concat", {"num_args": 2}, [[1, 2, 3], [4, 5, 6]], **pair)
    assert dy["arg0"].tolist() == [[1, 2], [4, 5]]
    assert dy["arg1"].tolist() == [[3], [6]]


def test_channels_last_images_are_joined_as_they_lie(rng):
    arrays = {f"arg{i}": rng.standard_normal((2, c, 3, 3)).astype(np.float32) for i, c in enumerate((4, 8))}
    node = node_of("concat", {"num_args": 2}, arrays)
    last = {n: TensorType(a.shape, "float32", CHANNELS_LAST) for n, a in arrays.items()}
    image = TensorType((2, 12, 3, 3), "float32", CHANNELS_LAST)
    node = replace(node, inputs=tuple(variable(n, last[n], "parameter") for n in last), types=(image,))
    for device in (FAST, REFERENCE):
        compiled = compile_graph(Graph((node[0],)), device, vocabulary=ops.vocabulary(), options=PLAIN_OPTIONS)
        names = [n.op.name for n in compiled.graph.nodes if n.op]
        assert names[:1] == ["concat"]
        stored = {n: a.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2) for n, a in arrays.items()}
        plan = bind(compiled, device, stored.__getitem__)
        plan.run()
        np.testing.assert_array_equal(plan.outputs[0], np.concatenate(list(arrays.values()), axis=1))


def test_one_unknown_size_is_found_from_the_output():
    two = {"num_args": 2}
    assert inferred("concat", two, (2, 3, 4), (2, None, 4), out=(2, 8, 4))[0] == [(2, 3, 4), (2, 5, 4)]
    assert inferred("concat", two, (None, 3), (5, 1)) == ([(5, 3), (5, 1)], (5, 4))
    assert inferred("concat", two, None, (5, 1)) == ([(5, None), (5, 1)], (5, None))


@pytest.mark.parametrize(
    ("params", "shapes", "out", "text"),
    [
        ({}, [(2, 3), (3, 3)], None, r"'arg1' must have the axes \(2, \?\) but for axis 1.*got \(3, 3\)"),
        ({}, [(2, 3), (2, 3, 4)], None, "'arg1' must have the axes"),
        ({}, [(2,), (3,)], None, "axis 1 is out of range for 1 axes"),
        ({}, [(2, 3), (2, None)], (2, 2), r"axis 1 of the output \(2\) is less than that of the inputs \(3\)"),
        ({}, [(2, 3), (2, 3)], (2, 5), "axis 1 of the output must be 6, the sum of the inputs, got 5"),
    ],
)
def test_pieces_that_do_not_fit_are_refused(params, shapes, out, text):
    with pytest.raises(ShapeError, match=f"concat 'y': {text}"):
        inferred("concat", {"num_args": 2, **params}, *shapes, out=out)
