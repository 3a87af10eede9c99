from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred

CASES = [
    Case({"lhs": (2, 1, 1, 5), "rhs": (2, 3, 4, 5)}, dtypes=("float32", "bfloat16")),
    Case({"lhs": (2, 3), "rhs": (2, 3)}),
    Case({"lhs": (1, 2, 1), "rhs": (3, 4)}, {"lhs_axes": [0, 2], "rhs_axes": [1, 0]}),
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


def test_axes_are_mxnets():
    axes = {"lhs_axes": [1], "rhs_axes": [-1]}
    assert inferred("broadcast_like", axes, (9, 1, 3), (5, 2))[1] == (9, 2, 3)
    with pytest.raises(ShapeError, match=r"lhs_axes \(1,\) and rhs_axes \(\) must name as many axes"):
        inferred("broadcast_like", {"lhs_axes": [1]}, (9, 1, 3), (5, 2))
