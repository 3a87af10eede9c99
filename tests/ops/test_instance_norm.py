import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import UNKNOWN, PartialType, TensorType
from mxtrain.graph import Graph, apply_node, infer, variable
from tests.contract.operators import Case, check_operator, evaluate

CASES = [
    Case({"data": (2, 3, 4, 5)}, {}),
    Case({"data": (2, 3, 6)}, {"eps": 0.1}),
    Case({"data": (2, 3, 2, 3, 2)}, {}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("instance_norm", case, rng)


def test_values_are_mxnets():
    op = ops.get("instance_norm")
    shapes = {"data": (1, 2, 3), "gamma": (2,), "beta": (2,)}
    node = apply_node(op, "n", [variable(n, TensorType(s)) for n, s in shapes.items()], op.params(eps=0.1))
    given = {"data": np.array([[[-1, 0, 2], [-3, 1, 0.5]]]), "gamma": np.array([1, 2.0]), "beta": np.array([0, 1.0])}
    (y,), _ = evaluate(Graph((node[0],)), given)
    np.testing.assert_allclose(
        y, [[[-1.0362555, -0.25906387, 1.2953193], [-1.7664165, 2.6598501, 2.1065667]]], rtol=1e-6
    )


def test_spatial_axes_are_needed():
    op = ops.get("instance_norm")
    with pytest.raises(ShapeError, match=r"must have the axes \(N, C, S...\), got \(2, 3\)"):
        infer(op, op.params(), [PartialType((2, 3)), UNKNOWN, UNKNOWN], [UNKNOWN] * 3, "n")
