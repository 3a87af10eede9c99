from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import fake_cublaslt, needs_compiler
from tests.contract.on_device import check_on
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred, node_of

BOTH = ("float32", "bfloat16")
TA, TB = {"transpose_a": True}, {"transpose_b": True}
CASES = [
    Case({"lhs": (3, 4), "rhs": (4, 5)}, fast=True, dtypes=BOTH),
    Case({"lhs": (4, 3), "rhs": (4, 5)}, TA, fast=True, dtypes=BOTH),
    Case({"lhs": (3, 4), "rhs": (5, 4)}, TB, fast=True, dtypes=BOTH),
    Case({"lhs": (4, 3), "rhs": (5, 4)}, TA | TB, fast=True, dtypes=BOTH),
    Case({"lhs": (4,), "rhs": (4,)}),
    Case({"lhs": (4,), "rhs": (4, 5)}, fast=True),
    Case({"lhs": (3, 4), "rhs": (4,)}, fast=True),
    Case({"lhs": (2, 3, 4), "rhs": (4, 5, 6)}, fast=True),
    Case({"lhs": (4, 2, 3), "rhs": (5, 6, 4)}, TA | TB, fast=True),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("dot", case, rng)


@pytest.mark.parametrize(
    ("lhs", "rhs", "params", "want"),
    [
        ((3,), (3,), {}, (1,)), ((3,), (3, 4), {}, (4,)), ((2, 3), (3,), {}, (2,)),
        ((2, 3, 4), (4, 5, 6), {}, (2, 3, 5, 6)), ((4, 2, 3), (4, 5), TA, (2, 3, 5)),
        ((2, 3, 4), (5, 6, 4), TB, (2, 3, 5, 6)), ((3,), (4, 3), TB, (4,)), ((3, 2), (3,), TA, (2,)),
        ((3,), (3, 4), TA, (4,)), ((2, 3), (3,), TB, (2,)), ((1, 3), (3,), TB, (1,)),
        ((1, 2, 3), (3, 1), {}, (1, 2, 1)),
    ],
)  # fmt: skip
def test_shapes_are_mxnets(lhs, rhs, params, want, rng):
    assert inferred("dot", params, lhs, rhs)[1] == want
    a, b = rng.standard_normal(lhs), rng.standard_normal(rhs)
    left, right = 0 if params.get("transpose_a") else a.ndim - 1, b.ndim - 1 if params.get("transpose_b") else 0
    np.testing.assert_allclose(
        forward("dot", params, lhs=a, rhs=b), np.tensordot(a, b, (left, right)).reshape(want), rtol=1e-12, atol=1e-14
    )


def test_integers_are_multiplied_exactly():
    a = {"lhs": np.array([[2, 3]], np.int32), "rhs": np.array([[4], [5]], np.int32)}
    assert node_of("dot", {}, a).types[0].dtype == "int32"
    assert forward("dot", {}, **a).tolist() == [[23]]


def test_what_is_known_goes_around():
    assert inferred("dot", {}, (None, None), (4, None), out=(3, 5)) == ([(3, 4), (4, 5)], (3, 5))
    assert inferred("dot", TA, (None, 3), (4, 5))[0] == [(4, 3), (4, 5)]
    assert inferred("dot", {}, (3, 4), None)[1] is None


@pytest.mark.parametrize(
    ("lhs", "rhs", "params", "text"),
    [
        ((2, 3), (4, 5), {}, r"the axes summed over must be equal, got 3 of 'lhs' \(2, 3\) and 4 of 'rhs' \(4, 5\)"),
        ((3,), (3,), TA, "two vectors cannot be transposed"),
        ((), (3,), {}, "input 'lhs' must have at least one axis"),
    ],
)
def test_factors_that_do_not_fit_are_refused(lhs, rhs, params, text):
    with pytest.raises(ShapeError, match=f"dot 'y': {text}"):
        inferred("dot", params, lhs, rhs)


@needs_compiler
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_cublaslt(case, dtype, rng):
    with fake_cublaslt():
        kernels = check_on(fake_device(), "dot", case, rng, dtype)
    assert sum(k.startswith("cuda:cublaslt") for k in kernels) == 3, kernels
