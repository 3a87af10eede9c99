from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred

CASES = [
    Case({"lhs": (2, 1, 1, 5), "rhs": (2, 3, 4, 5)}, dtypes=("float32", "bfloat16")),
    Case({"lhs": (2, 3), "rhs": (2, 3)}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("broadcast_like", case, rng)


def test_values():
    arrays = {"lhs": [[1.0], [2.0]], "rhs": [[0.0, 0, 0], [0, 0, 0]]}
    assert forward("broadcast_like", {}, **arrays).tolist() == [[1, 1, 1], [2, 2, 2]]
    assert backward("broadcast_like", {}, [[1.0, 2, 3], [4, 5, 6]], **arrays)["lhs"].tolist() == [[6], [15]]


@pytest.mark.parametrize("like", [(2, 3, 4), (3, 4)])
def test_what_does_not_fit(like):
    with pytest.raises(ShapeError, match="every axis of 'lhs'"):
        inferred("broadcast_like", {}, (2, 1), like)
