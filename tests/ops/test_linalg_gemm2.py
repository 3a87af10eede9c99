from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

CASES = [
    Case({"A": (2, 3), "B": (3, 4)}, fast=True),
    Case({"A": (5, 2, 3), "B": (5, 4, 3)}, {"transpose_b": True, "alpha": -0.5}),
    Case({"A": (2, 3, 4, 2), "B": (2, 3, 5, 4)}, {"transpose_a": True, "transpose_b": True}, fast=True),
    Case({"A": (5, 3, 2), "B": (5, 3, 4)}, {"transpose_a": True, "alpha": 2.0}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("linalg_gemm2", case, rng)


def test_products_are_scaled():
    assert forward("linalg_gemm2", {"alpha": 2.0}, A=[[1, 2]], B=[[3], [4]]).tolist() == [[22]]


def test_shapes_go_around():
    assert inferred("linalg_gemm2", {}, (2, 3), None, out=(2, 5)) == ([(2, 3), (3, 5)], (2, 5))
    with pytest.raises(ShapeError, match=r"'A' .* and 'B' .* do not multiply"):
        inferred("linalg_gemm2", {}, (2, 3), (4, 5))
    with pytest.raises(ShapeError, match=r"'A' must have the axes \(B..., rows, columns\)"):
        inferred("linalg_gemm2", {}, (3,), (3, 5))
