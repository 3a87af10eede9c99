from __future__ import annotations

import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

CASES = [
    Case({"data": (3, 4, 5)}, {"axis": 1, "begin": 1, "end": 3}, dtypes=("float32", "bfloat16")),
    Case({"data": (3, 4)}, {"axis": -1, "begin": -3, "end": None}),
    Case({"data": (2, 4, 3, 3)}, {"axis": 1, "begin": 0, "end": -1}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("slice_axis", case, rng)


def test_ends_may_be_counted_from_the_end():
    x = [[1, 2, 3, 4]]
    assert forward("slice_axis", {"axis": 1, "begin": 1, "end": -1}, data=x).tolist() == [[2, 3]]
    assert forward("slice_axis", {"axis": 1, "begin": -2, "end": None}, data=x).tolist() == [[3, 4]]


def test_the_other_axes_are_known_from_either_side():
    params = {"axis": 1, "begin": 1, "end": 3}
    assert inferred("slice_axis", params, None, out=(5, 2)) == ([(5, None)], (5, 2))
    assert inferred("slice_axis", params, (None, 4), out=(5, None)) == ([(5, 4)], (5, 2))


@pytest.mark.parametrize(("begin", "end"), [(0, 4), (2, 1), (3, None), (-4, None), (1, 1)])
def test_ranges_without_elements_or_outside_are_refused_as_in_mxnet(begin, end):
    with pytest.raises(ShapeError, match=r"slice_axis 'y': begin .* must name at least one element of an axis of 3"):
        inferred("slice_axis", {"axis": 1, "begin": begin, "end": end}, (2, 3))
