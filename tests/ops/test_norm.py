from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred, node_of

CASES = [
    Case({"data": (3, 4, 5)}, {"axis": 1}),
    Case({"data": (3, 4, 5)}, {"axis": (0, 2), "keepdims": True}),
    Case({"data": (3, 4)}, {"axis": 0, "ord": 1}, kink=(0.0,)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("norm", case, rng)


A = [[3, -4], [0, 1]]


def test_values_are_mxnets():
    assert forward("norm", {"axis": 1}, data=A).tolist() == [5, 1]
    assert forward("norm", {"axis": 1, "ord": 1}, data=A).tolist() == [7, 1]
    assert forward("norm", {}, data=A) == pytest.approx([np.sqrt(26)])
    assert backward("norm", {"axis": 1}, [1, 2], data=A)["data"] == pytest.approx(np.array([[0.6, -0.8], [0, 2]]))
    assert backward("norm", {"axis": 1, "ord": 1}, [1, 2], data=A)["data"].tolist() == [[1, -1], [0, 2]]


def test_the_gradient_of_nothing_is_0():
    assert backward("norm", {"axis": 1}, [1], data=[[0, 0]])["data"].tolist() == [[0, 0]]


def test_shapes_and_dtypes():
    assert inferred("norm", {"axis": (0, 1), "keepdims": True}, (2, 3))[1] == (1, 1)
    assert node_of("norm", {"out_dtype": "float32"}, {"data": np.zeros((2, 3))}).types[0].dtype == "float32"
    with pytest.raises(ShapeError, match="axis 2 is out of range"):
        inferred("norm", {"axis": 2}, (2, 3))
