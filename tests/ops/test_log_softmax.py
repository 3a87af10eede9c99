import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.types import TensorType
from mxtrain.graph import Graph, apply_node, variable
from tests.contract.operators import Case, check_operator, evaluate

CASES = [
    Case({"data": (4, 10)}, {}, fast=True),
    Case({"data": (2, 3, 4, 5)}, {"axis": 1}),
    Case({"data": (3, 4)}, {"axis": 0}),
    Case({"data": (4, 6)}, {"temperature": 0.5}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("log_softmax", case, rng)


def test_values_stay_finite_where_the_softmax_is_zero():
    op = ops.get("log_softmax")
    node = apply_node(op, "s", (variable("x", TensorType((2, 3))),), op.params())
    (y,), _ = evaluate(Graph((node[0],)), {"x": np.array([[1, 2, 0.1], [2000.0, 0, 0]])})
    np.testing.assert_allclose(y, [[-1.4170299, -0.41702995, -2.3170299], [0, -2000, -2000]], rtol=1e-6)
