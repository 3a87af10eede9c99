from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import inferred

CASES = [
    Case({"data": (2, 3)}, {"axis": 0}, dtypes=("float32", "bfloat16")),
    Case({"data": (2, 3)}, {"axis": -1}),
    Case({"data": (2, 3)}, {"axis": 1}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("expand_dims", case, rng)


@pytest.mark.parametrize(
    ("axis", "want"), [(0, (1, 2, 3, 4)), (1, (2, 1, 3, 4)), (3, (2, 3, 4, 1)), (-1, (2, 3, 4, 1)), (-4, (1, 2, 3, 4))]
)
def test_the_axis_is_counted_in_the_output(axis, want):
    assert inferred("expand_dims", {"axis": axis}, (2, 3, 4)) == ([(2, 3, 4)], want)
    assert inferred("expand_dims", {"axis": axis}, None, out=want) == ([(2, 3, 4)], want)


@pytest.mark.parametrize("axis", [4, -5])
def test_an_axis_too_far_is_refused(axis):
    with pytest.raises(ShapeError, match=rf"expand_dims 'y': axis {axis} is out of range for 4 axes"):
        inferred("expand_dims", {"axis": axis}, (2, 3, 4))


def test_an_output_without_the_new_axis_is_refused():
    with pytest.raises(ShapeError, match=r"axis 0 of the output must be 1, got \(2, 3\)"):
        inferred("expand_dims", {"axis": 0}, None, out=(2, 3))
