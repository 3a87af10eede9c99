from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import inferred

CASES = [
    Case({"lhs": (2, 6), "rhs": (3, 4)}, fixed=("rhs",)),
    Case(
        {"lhs": (6, 5), "rhs": (2, 3, 7)}, {"lhs_begin": 0, "lhs_end": 1, "rhs_begin": 0, "rhs_end": 2}, fixed=("rhs",)
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("reshape_like", case, rng)


@pytest.mark.parametrize(
    ("lhs", "rhs", "params", "want"),
    [
        ((30, 7), (15, 2, 4), (0, 1, 0, 2), (15, 2, 7)), ((30, 12), (4, 2, 2, 3), (-1, None, 1, None), (30, 2, 2, 3)),
        ((30, 12), (4, 30, 2), (0, 1, 1, -1), (30, 12)), ((4, 3, 5), (12, 7), (0, -1, 0, 1), (12, 5)),
        ((6,), (2, 3, 1), (None, None, None, None), (2, 3, 1)),
    ],
)  # fmt: skip
def test_ranges_are_mxnets(lhs, rhs, params, want):
    given = dict(zip(("lhs_begin", "lhs_end", "rhs_begin", "rhs_end"), params, strict=True))
    assert inferred("reshape_like", given, lhs, rhs)[1] == want


def test_what_does_not_fit():
    with pytest.raises(ShapeError, match=r"12 elements cannot have the axes \(5,\)"):
        inferred("reshape_like", {}, (3, 4), (5,))
    with pytest.raises(ShapeError, match="lhs_begin 2 and lhs_end 1 must name a range of 2 axes"):
        inferred("reshape_like", {"lhs_begin": 2, "lhs_end": 1}, (3, 4), (12,))
