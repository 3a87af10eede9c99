from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

CASES = [
    Case({"data": (3, 4)}, {"axis": 0}, dtypes=("float32", "bfloat16")),
    Case({"data": (2, 3, 4, 5)}, {"axis": (1, -1)}),
    Case({"data": (3,)}, {"axis": ()}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("reverse", case, rng)


def test_only_these_axes_are_turned():
    assert forward("reverse", {"axis": 1}, data=[[1, 2], [3, 4]]).tolist() == [[2, 1], [4, 3]]
    assert forward("reverse", {"axis": (0, 1)}, data=[[1, 2], [3, 4]]).tolist() == [[4, 3], [2, 1]]


def test_an_axis_that_is_not_there_is_refused():
    with pytest.raises(ShapeError, match=r"reverse 'y': axis 2 is out of range for 2 axes"):
        inferred("reverse", {"axis": 2}, (2, 3))
