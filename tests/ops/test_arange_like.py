from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred

CASES = [
    Case({"data": (2, 3)}, {"start": 1, "step": 0.5}, smooth=False),
    Case({"data": (2, 4, 3)}, {"axis": -1, "repeat": 2}, smooth=False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("arange_like", case, rng)


def test_values_are_mxnets():
    x = np.zeros((2, 4))
    assert forward("arange_like", {"start": 1, "step": 0.5}, data=x).tolist() == [[1, 1.5, 2, 2.5], [3, 3.5, 4, 4.5]]
    assert forward("arange_like", {"repeat": 2}, data=x).tolist() == [[0, 0, 1, 1], [2, 2, 3, 3]]
    assert forward("arange_like", {"axis": 0, "repeat": 2}, data=x).tolist() == [0, 0]
    assert backward("arange_like", {"axis": 1}, [1, 1, 1, 1], data=x) == {}


def test_an_axis_that_is_not_there():
    with pytest.raises(ShapeError, match="axis 2 is out of range"):
        inferred("arange_like", {"axis": 2}, (2, 4))
