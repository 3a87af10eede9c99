from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred

CASES = [
    Case({"data": (3, 5)}, distinct=True),
    Case({"data": (2, 4, 3)}, {"axis": 1, "is_ascend": False}, distinct=True),
    Case({"data": (2, 3)}, {"axis": 0}, distinct=True),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("sort", case, rng)


X = [[3, 1, 2, 3], [1, 1, 0, 5]]


def test_values_are_mxnets():
    assert forward("sort", {}, data=X).tolist() == [[1, 2, 3, 3], [0, 1, 1, 5]]
    assert forward("sort", {"axis": 0, "is_ascend": False}, data=X).tolist() == [[3, 1, 2, 5], [1, 1, 0, 3]]
    assert forward("sort", {"axis": None}, data=X).tolist() == [0, 1, 1, 1, 2, 3, 3, 5]


def test_the_gradient_goes_where_the_element_was(rng):
    assert backward("sort", {}, [[1, 2, 3, 4], [5, 6, 7, 8]], data=X)["data"].tolist() == [[3, 1, 2, 4], [6, 7, 5, 8]]
    dy = np.arange(8.0)
    assert backward("sort", {"axis": None}, dy, data=X)["data"].tolist() == [[5, 1, 4, 6], [2, 3, 0, 7]]


def test_shapes():
    assert inferred("sort", {}, None, out=(2, 3))[0] == [(2, 3)]
    assert inferred("sort", {"axis": None}, (2, 3))[1] == (6,)
    with pytest.raises(ShapeError, match="axis 2 is out of range"):
        inferred("sort", {"axis": 2}, (2, 3))
