from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import inferred

CASES = [
    Case({"data": (2, 3, 4)}, {"dim1": 0, "dim2": 2}, fast=True, dtypes=("float32", "bfloat16")),
    Case({"data": (2, 3, 4)}, {"dim1": -1, "dim2": 1}, fast=True),
    Case({"data": (2, 3)}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("swap_axis", case, rng)


def test_axes_may_be_counted_from_the_end():
    assert inferred("swap_axis", {"dim1": 0, "dim2": -1}, (2, 3, 4))[1] == (4, 3, 2)
    assert inferred("swap_axis", {"dim1": 1, "dim2": 1}, (2, 3, 4))[1] == (2, 3, 4)
    assert inferred("swap_axis", {"dim1": 0, "dim2": 1}, None, out=(3, None))[0] == [(None, 3)]


def test_an_axis_that_is_not_there_is_refused():
    with pytest.raises(ShapeError, match=r"swap_axis 'y': axis 3 is out of range for 3 axes"):
        inferred("swap_axis", {"dim1": 3}, (2, 3, 4))
