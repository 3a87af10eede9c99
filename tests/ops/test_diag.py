from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred

CASES = [
    Case({"data": (3,)}, {"k": -2}),
    Case({"data": (3, 4)}, {"k": 1}),
    Case({"data": (4, 3)}, {"k": -1}),
    Case({"data": (2, 3, 4, 5)}, {"axis1": 3, "axis2": -3, "k": 1}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("diag", case, rng)


def test_values_are_mxnets():
    x = np.arange(6.0).reshape(2, 3)
    assert forward("diag", {"k": 1}, data=x).tolist() == [1, 5]
    assert forward("diag", {"k": -1}, data=x).tolist() == [3]
    assert forward("diag", {"k": 1}, data=[1, 2]).tolist() == [[0, 1, 0], [0, 0, 2], [0, 0, 0]]
    assert backward("diag", {"k": 1}, [7, 8], data=x)["data"].tolist() == [[0, 7, 0], [0, 0, 8]]
    assert inferred("diag", {"axis1": 1, "axis2": 2, "k": -1}, (2, 3, 4))[1] == (2, 2)


def test_diagonals_that_are_not_there():
    with pytest.raises(ShapeError, match="a matrix of 2 x 3 has no diagonal 3"):
        inferred("diag", {"k": 3}, (2, 3))
    with pytest.raises(ShapeError, match="axis1 1 and axis2 -1 are the same axis"):
        inferred("diag", {"axis1": 1, "axis2": -1}, (2, 3))
