import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.types import TensorType
from mxtrain.graph import Graph, apply_node, variable
from tests.contract.operators import Case, check_operator, evaluate

CASES = [
    Case({"data": (4, 10)}, {}, kink=(1.0, -1.0)),
    Case({"data": (2, 3, 4, 5)}, {"scalar": 2.0}, kink=(0.25, -0.25)),
    Case({"data": ()}, {"scalar": 0.5}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("smooth_l1", case, rng)


@pytest.mark.parametrize(
    ("scalar", "want"),
    [
        (2.0, [0.875, 0.125, 0.08, 0, 0.02, 0.125, 0.175, 2.875]),
        (1.0, [0.5, 0.03125, 0.02, 0, 0.005, 0.03125, 0.045, 2.5]),
    ],
)
def test_values_are_mxnets(scalar, want):
    op = ops.get("smooth_l1")
    node = apply_node(op, "l", (variable("x", TensorType((8,))),), op.params(scalar=scalar))
    (y,), _ = evaluate(Graph((node[0],)), {"x": np.array([-1, -0.25, -0.2, 0, 0.1, 0.25, 0.3, 3])})
    np.testing.assert_allclose(y, want, rtol=1e-6)
