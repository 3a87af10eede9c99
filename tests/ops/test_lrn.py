import numpy as np
import pytest

from mxtrain import ops
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import UNKNOWN, PartialType, TensorType
from mxtrain.graph import Graph, apply_node, infer, variable
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import needs_compiler
from tests.contract.on_device import check_on
from tests.contract.operators import Case, check_operator, evaluate

BOTH = ("float32", "bfloat16")
LOUD = {"nsize": 5, "alpha": 0.5, "beta": 0.75, "knorm": 1.5}
CASES = [
    Case({"data": (2, 16, 4, 5)}, LOUD, fast=True, dtypes=BOTH),
    Case({"data": (2, 5, 4, 5)}, {"nsize": 5}, fast=True),
    Case({"data": (2, 20, 3, 3)}, {**LOUD, "nsize": 3, "beta": 0.5}, fast=True, dtypes=BOTH),
    Case({"data": (2, 33, 3, 3)}, {**LOUD, "nsize": 7}),
    Case({"data": (2, 6, 3, 3)}, {**LOUD, "nsize": 3}),
    Case({"data": (2, 3, 3, 3)}, {**LOUD, "nsize": 7}),
    Case({"data": (2, 4, 3, 3)}, {**LOUD, "nsize": 1}),
    Case({"data": (3, 7)}, LOUD),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("lrn", case, rng)


def test_alpha_is_divided_by_nsize():
    op = ops.get("lrn")
    p = op.params(nsize=3, alpha=0.3, beta=0.5, knorm=2)
    node = apply_node(op, "n", (variable("x", TensorType((1, 5, 1, 1))),), p)
    (y,), _ = evaluate(Graph((node[0],)), {"x": np.arange(1.0, 6).reshape(1, 5, 1, 1)})
    np.testing.assert_allclose(y.ravel(), [0.6324555, 1.0846523, 1.3552618, 1.5118577, 2.0244408], rtol=1e-6)


def test_an_even_size_has_no_middle():
    op = ops.get("lrn")
    with pytest.raises(ShapeError, match="nsize must be odd.*got 4"):
        infer(op, op.params(nsize=4), [PartialType((2, 3, 4, 4))], [UNKNOWN] * 2, "n")


@needs_compiler
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_own_kernels(case, dtype, rng):
    kernels = check_on(fake_device(), "lrn", case, rng, dtype)
    assert kernels.count("cuda:lrn") == 3, kernels
