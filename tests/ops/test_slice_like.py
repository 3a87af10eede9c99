from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred

CASES = [
    Case({"data": (2, 4, 5), "shape_like": (2, 3, 1)}, dtypes=("float32", "bfloat16")),
    Case({"data": (2, 4, 6, 5), "shape_like": (9, 9, 3, 5)}, {"axes": (2, -1)}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("slice_like", case, rng)


def test_values():
    x = [[1.0, 2, 3], [4, 5, 6]]
    assert forward("slice_like", {"axes": (1,)}, data=x, shape_like=[[0.0, 0]]).tolist() == [[1, 2], [4, 5]]
    found = backward("slice_like", {"axes": (1,)}, [[1.0, 2], [3, 4]], data=x, shape_like=[[0.0, 0]])
    assert found["data"].tolist() == [[1, 2, 0], [3, 4, 0]]


@pytest.mark.parametrize(
    ("params", "like", "message"),
    [
        ({}, (2, 5), r"axis 1 of 'data' \(2, 4\)"),
        ({}, (2,), "must have as many axes, got 2 and 1"),
        ({"axes": (1,)}, (2,), "axis 1 is out of range for the 1 axes of 'shape_like'"),
    ],
)
def test_what_does_not_fit(params, like, message):
    with pytest.raises(ShapeError, match=message):
        inferred("slice_like", params, (2, 4), like)
