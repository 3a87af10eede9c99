from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred

CASES = [
    Case({"A": (2, 3), "B": (3, 4)}, {"alpha": 2.0, "beta": -0.5}),
    Case({"A": (5, 3, 2), "B": (5, 4, 3)}, {"transpose_a": True, "transpose_b": True}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("linalg_gemm", case, rng)


def test_values():
    given = {"A": [[1, 2]], "B": [[3], [4]], "C": [[5]]}
    assert forward("linalg_gemm", {"alpha": 2.0, "beta": 3.0}, **given).tolist() == [[37]]
    found = backward("linalg_gemm", {"alpha": 2.0, "beta": 3.0}, [[1]], **given)
    assert {n: d.tolist() for n, d in found.items()} == {"A": [[6, 8]], "B": [[2], [4]], "C": [[3]]}


def test_shapes_go_around():
    assert inferred("linalg_gemm", {}, (2, 3), None, (2, 5)) == ([(2, 3), (3, 5), (2, 5)], (2, 5))
    with pytest.raises(ShapeError):
        inferred("linalg_gemm", {}, (2, 3), (3, 5), (2, 4))
