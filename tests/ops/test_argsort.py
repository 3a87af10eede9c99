from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred, node_of

CASES = [
    Case({"data": (3, 5)}, distinct=True, smooth=False),
    Case({"data": (2, 4, 3)}, {"axis": 1, "is_ascend": False}, distinct=True, smooth=False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("argsort", case, rng)


X = [[3, 1, 2, 3], [1, 1, 0, 5]]


def test_values_are_mxnets():
    assert forward("argsort", {}, data=X).tolist() == [[1, 2, 0, 3], [2, 0, 1, 3]]
    assert forward("argsort", {"axis": None, "is_ascend": False}, data=X).tolist() == [7, 0, 3, 2, 1, 4, 5, 6]
    assert backward("argsort", {}, np.ones((2, 4)), data=X) == {}


def test_shapes_and_dtypes():
    assert inferred("argsort", {"axis": None}, (2, 3))[1] == (6,)
    assert node_of("argsort", {"dtype": "int32"}, {"data": np.zeros((2, 3))}).types[0].dtype == "int32"
    with pytest.raises(ShapeError, match="axis 2 is out of range"):
        inferred("argsort", {"axis": 2}, (2, 3))
