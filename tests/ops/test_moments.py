from __future__ import annotations

import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.errors import ShapeError
from mxtrain.graph import Graph, variable
from mxtrain.passes import gradient
from tests.contract.operators import Case, check_operator, evaluate
from tests.contract.values import inferred, node_of

CASES = [
    Case({"data": (3, 4, 5)}, {"axes": (0, 2)}),
    Case({"data": (3, 4)}, {"axes": -1, "keepdims": True}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("moments", case, rng)


def test_values_are_mxnets():
    x = np.array([[3.0, -4], [0, 1]])
    node = node_of("moments", {"axes": 0}, {"data": x})
    (mean, var), _ = evaluate(Graph((node[0], node[1])), {"data": x})
    assert (mean.tolist(), var.tolist()) == ([1.5, -1.5], [2.25, 6.25])


@pytest.mark.parametrize(("output", "want"), [(0, [[0.5, 1], [0.5, 1]]), (1, [[1.5, -5], [-1.5, 5]])])
def test_each_output_has_its_gradient(output, want):
    x = np.array([[3.0, -4], [0, 1]])
    node = node_of("moments", {"axes": 0}, {"data": x})
    seed = variable("dy", node.types[output], "parameter")
    g, found = gradient(Graph((node[output],)), ["data"], vocabulary=ops.vocabulary(), seeds={node[output]: seed})
    (dx,), _ = evaluate(Graph((found["data"],)), {"data": x, "dy": np.array([1.0, 2.0])})
    assert dx.tolist() == want


def test_an_axis_that_is_not_there():
    with pytest.raises(ShapeError, match="axis 2 is out of range"):
        inferred("moments", {"axes": 2}, (2, 3))
