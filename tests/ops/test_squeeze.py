from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import inferred

CASES = [
    Case({"data": (1, 2, 1, 3)}, dtypes=("float32", "bfloat16")),
    Case({"data": (1, 2, 1, 3)}, {"axis": 0}),
    Case({"data": (1, 2, 1, 3)}, {"axis": (0, -2)}),
    Case({"data": (2, 3)}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("squeeze", case, rng)


@pytest.mark.parametrize(
    ("axis", "want"), [(None, (2, 3)), (0, (2, 1, 3)), ((0, 2), (2, 3)), (-2, (1, 2, 3)), ((), (1, 2, 1, 3))]
)
def test_axes_are_dropped_as_in_mxnet(axis, want):
    assert inferred("squeeze", {"axis": axis}, (1, 2, 1, 3))[1] == want


@pytest.mark.parametrize("axis", [None, (0, 1)])
def test_one_axis_is_left(axis):
    assert inferred("squeeze", {"axis": axis}, (1, 1))[1] == (1,)


def test_an_axis_to_drop_is_1():
    assert inferred("squeeze", {"axis": 1}, (2, None)) == ([(2, 1)], (2,))
    assert inferred("squeeze", {}, (2, None))[1] is None


@pytest.mark.parametrize(
    ("axis", "text"),
    [(1, r"axis 1 of 'data' must be 1 to be dropped, got \(1, 2, 1, 3\)"), ((0, -4), "names an axis twice"),
     (4, "out of range")],
)  # fmt: skip
def test_axes_that_cannot_go_are_refused(axis, text):
    with pytest.raises(ShapeError, match=f"squeeze 'y': .*{text}"):
        inferred("squeeze", {"axis": axis}, (1, 2, 1, 3))
