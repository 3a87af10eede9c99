from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import inferred

CASES = [
    Case({"data": (1, 3, 1)}, {"axis": 0, "size": 2}, dtypes=("float32", "bfloat16")),
    Case({"data": (1, 3, 1)}, {"axis": (0, 2), "size": (2, 4)}),
    Case({"data": (2, 3, 1, 1)}, {"axis": (-1, -2), "size": (4, 5)}),
    Case({"data": (1, 3)}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("broadcast_axis", case, rng)


def test_either_side_follows_from_the_other():
    params = {"axis": (0, 2), "size": (2, 4)}
    assert inferred("broadcast_axis", params, (1, 3, 1))[1] == (2, 3, 4)
    assert inferred("broadcast_axis", params, None, out=(2, 3, 4))[0] == [(1, 3, 1)]


@pytest.mark.parametrize(
    ("axis", "size", "text"),
    [(1, 2, r"axis 1 of 'data' must be 1 to be broadcast, got \(1, 3, 1\)"), ((0,), (), "as many values"),
     ((0, -3), (2, 2), "names an axis twice"), (3, 2, "out of range")],
)  # fmt: skip
def test_axes_that_cannot_be_broadcast_are_refused(axis, size, text):
    with pytest.raises(ShapeError, match=f"broadcast_axis 'y': .*{text}"):
        inferred("broadcast_axis", {"axis": axis, "size": size}, (1, 3, 1))
