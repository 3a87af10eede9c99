from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred, node_of

CASES = [
    Case({"data": (3, 4)}, {"axis": 0}, distinct=True, smooth=False),
    Case({"data": (2, 3, 4)}, {"axis": -2, "keepdims": True}, distinct=True, smooth=False),
    Case({"data": (2, 3)}, {"keepdims": True}, distinct=True, smooth=False),
]
X = [[1, 5, 5], [7, 7, 2]]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("argmax", case, rng)


def test_the_first_of_equal_ones_as_in_mxnet():
    rows, columns, whole = [1, 0], [1, 1, 0], [3]
    assert forward("argmax", {"axis": 1}, data=X).tolist() == rows
    assert forward("argmax", {"axis": 0}, data=X).tolist() == columns
    assert forward("argmax", {}, data=X).tolist() == whole


def test_shapes_and_dtype():
    assert inferred("argmax", {}, (2, 3))[1] == (1,)
    assert inferred("argmax", {"keepdims": True}, (2, 3))[1] == (1, 1)
    assert inferred("argmax", {"axis": 1, "keepdims": True}, (2, 3))[1] == (2, 1)
    assert node_of("argmax", {"axis": 1}, {"data": np.zeros((2, 3), np.int32)}).types[0].dtype == "int32"


def test_there_is_no_gradient():
    assert backward("argmax", {"axis": 1}, [1, 1], data=X) == {}


def test_no_elements_are_refused():
    with pytest.raises(ShapeError, match="argmax 'y': no elements have no extremum"):
        inferred("argmax", {"axis": 1}, (2, 0))
