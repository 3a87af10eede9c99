import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.types import TensorType
from mxtrain.graph import Graph, apply_node, variable
from mxtrain.passes import gradient
from tests.contract.operators import Case, check_operator, evaluate

CASES = [
    Case({"data": (4, 3)}, fixed=("data",), dtypes=("float32", "bfloat16")),
    Case({"data": (2, 3, 4, 5)}, fixed=("data",)),
    Case({"data": ()}, fixed=("data",)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("block_grad", case, rng)


def test_no_gradient_passes():
    # y = x * block_grad(x): the gradient is that of x times a constant.
    block, mul = ops.get("block_grad"), ops.get("elemwise_mul")
    x = variable("x", TensorType((3,)), "parameter")
    y = apply_node(mul, "y", (x, apply_node(block, "b", (x,), block.params())[0]), mul.params())[0]
    g, found = gradient(Graph((y,)), ["x"], vocabulary=ops.vocabulary(), seeds={y: variable("dy", y.type, "parameter")})
    given = {"x": np.array([1.0, 2, 3]), "dy": np.ones(3)}
    np.testing.assert_array_equal(evaluate(Graph((found["x"],)), given)[0][0], [1, 2, 3])
    np.testing.assert_array_equal(evaluate(Graph((y,)), given)[0][0], [1, 4, 9])
