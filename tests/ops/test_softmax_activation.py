import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import PartialType, TensorType
from mxtrain.graph import Graph, apply_node, infer, variable
from tests.contract.operators import Case, check_operator, evaluate

CASES = [
    Case({"data": (4, 10)}, {}, fast=True),
    Case({"data": (2, 3, 4, 5)}, {}, fast=True),
    Case({"data": (2, 3, 4, 5)}, {"mode": "channel"}),
    Case({"data": (2, 3, 4)}, {"mode": "channel"}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("softmax_activation", case, rng)


@pytest.mark.parametrize(("mode", "axes"), [("instance", -1), ("channel", 1)])
def test_what_sums_to_one(mode, axes, rng):
    op = ops.get("softmax_activation")
    node = apply_node(op, "s", (variable("x", TensorType((2, 3, 4, 5))),), op.params(mode=mode))
    (y,), _ = evaluate(Graph((node[0],)), {"x": rng.standard_normal((2, 3, 4, 5))})
    np.testing.assert_allclose(y.sum(axis=axes), 1, rtol=1e-6)


@pytest.mark.parametrize(("mode", "shape"), [("channel", (2, 3)), ("instance", (2,))])
def test_too_few_axes_are_refused(mode, shape):
    op = ops.get("softmax_activation")
    with pytest.raises(ShapeError, match=rf"must have the axes \(.*for mode {mode}"):
        infer(op, op.params(mode=mode), [PartialType(shape)], [PartialType()], "s")
