import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import UNKNOWN, PartialType, TensorType
from mxtrain.graph import apply_node, infer, variable
from tests.contract.operators import Case, check_operator, evaluate, gradients

CASES = [
    Case({"data": (4, 3)}, {}),
    Case({"data": (4, 3)}, {"grad_scale": 2.5, "normalization": "batch"}),
    Case({"data": (4, 3)}, {"normalization": "valid", "valid_thresh": 0.3}, kink=(0.3,)),
    Case({"data": ()}, {"grad_scale": 3.0}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("make_loss", case, rng)


def gradient(x, **params):
    op = ops.get("make_loss")
    node = apply_node(op, "l", (variable("data", TensorType(np.shape(x))),), op.params(**params))
    g, _, more = gradients(node, ["data"], [])
    return evaluate(g, {"data": np.asarray(x, np.float64)} | more)[0][0]


@pytest.mark.parametrize(("normalization", "want"), [("null", 3.0), ("batch", 1.5), ("valid", 1.0)])
def test_the_gradient_is_mxnets(normalization, want):
    # The threshold itself is not valid.
    x = [[0.5, -0.5, 2.0], [1.5, 0, 0.125]]
    d = gradient(x, grad_scale=3, normalization=normalization, valid_thresh=0.125)
    np.testing.assert_array_equal(d, np.full((2, 3), want))


@pytest.mark.parametrize(("shape", "want"), [((4,), 1), ((4, 1), 1 / 4), ((2, 3, 4), 1 / 6)])
def test_a_batch_is_what_mxnet_takes_for_one(shape, want):
    np.testing.assert_allclose(gradient(np.ones(shape), normalization="batch"), np.full(shape, want))


def test_where_nothing_is_valid_the_gradient_is_divided_by_one():
    np.testing.assert_array_equal(gradient([[-1.0, -2.0]], normalization="valid"), [[1, 1]])


def test_a_scalar_has_no_batch():
    op = ops.get("make_loss")
    with pytest.raises(ShapeError, match="for normalization batch, got a scalar"):
        infer(op, op.params(normalization="batch"), [PartialType(())], [UNKNOWN], "l")
