from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import fake_cublaslt, needs_compiler
from tests.contract.on_device import check_on
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

BOTH = ("float32", "bfloat16")
TA, TB = {"transpose_a": True}, {"transpose_b": True}
CASES = [
    Case({"lhs": (2, 3, 4), "rhs": (2, 4, 5)}, fast=True, dtypes=BOTH),
    Case({"lhs": (2, 4, 3), "rhs": (2, 4, 5)}, TA, fast=True, dtypes=BOTH),
    Case({"lhs": (2, 3, 4), "rhs": (2, 5, 4)}, TB, fast=True),
    Case({"lhs": (2, 4, 3), "rhs": (2, 5, 4)}, TA | TB, fast=True),
    Case({"lhs": (1, 3, 4), "rhs": (1, 4, 5)}, fast=True),
    Case({"lhs": (2, 3, 4, 5), "rhs": (2, 3, 5, 6)}, fast=True),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("batch_dot", case, rng)


def test_each_pair_is_multiplied(rng):
    a, b = rng.standard_normal((2, 4, 3)), rng.standard_normal((2, 5, 4))
    want = np.stack([x.T @ y.T for x, y in zip(a, b, strict=True)])
    np.testing.assert_allclose(forward("batch_dot", TA | TB, lhs=a, rhs=b), want, rtol=1e-12, atol=1e-14)


def test_what_is_known_goes_around():
    lhs, rhs, out = (None, 3, None), (2, 4, None), (None, None, 5)
    assert inferred("batch_dot", {}, lhs, rhs, out=out) == ([(2, 3, 4), (2, 4, 5)], (2, 3, 5))
    assert inferred("batch_dot", TA, None, (2, 4, 5))[0] == [(2, 4, None), (2, 4, 5)]


@pytest.mark.parametrize(
    ("lhs", "rhs", "text"),
    [
        ((3, 4), (4, 5), r"'lhs' must have the axes \(B..., rows, columns\), got \(3, 4\)"),
        ((1, 3, 4), (2, 4, 5), r"'lhs' \(1, 3, 4\) and 'rhs' \(2, 4, 5\) do not multiply, with transpose_a=False"),
        ((2, 3, 4), (2, 3, 5), "do not multiply"),
        ((2, 3, 4), (2, 2, 3, 5), "do not multiply"),
    ],
)
def test_factors_that_do_not_fit_are_refused(lhs, rhs, text):
    with pytest.raises(ShapeError, match=f"batch_dot 'y': .*{text}"):
        inferred("batch_dot", {}, lhs, rhs)


@needs_compiler
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_cublaslt(case, dtype, rng):
    with fake_cublaslt():
        kernels = check_on(fake_device(), "batch_dot", case, rng, dtype)
    assert sum(k.startswith("cuda:cublaslt") for k in kernels) == 3, kernels
