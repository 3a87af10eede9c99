from __future__ import annotations

import numpy as np
import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred, node_of


def wild(rng, shape):
    return rng.integers(-2, 7, shape)


CASES = [
    Case({"indices": (4,)}, {"depth": 5}, make={"indices": wild}, smooth=False),
    Case({"indices": (2, 3)}, {"depth": 3, "on_value": 2.5, "off_value": -1}, make={"indices": wild}, smooth=False),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("one_hot", case, rng)


def test_an_index_outside_is_off_everywhere_as_in_mxnet():
    want = [[1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0], [0, 1, 0]]
    assert forward("one_hot", {"depth": 3}, indices=[0, 2, 5, -1, 1.7]).tolist() == want


def test_values_and_dtype():
    indices = np.array([[0], [1]], np.int64)
    node = node_of("one_hot", {"depth": 2, "dtype": "int32"}, {"indices": indices})
    assert (node.types[0].shape, node.types[0].dtype) == ((2, 1, 2), "int32")
    params = {"depth": 2, "on_value": 5, "off_value": -1}
    assert forward("one_hot", params, indices=indices).tolist() == [[[5, -1]], [[-1, 5]]]


def test_shapes_go_around_and_there_is_no_gradient():
    assert inferred("one_hot", {"depth": 3}, None, out=(2, 3)) == ([(2,)], (2, 3))
    assert backward("one_hot", {"depth": 2, "dtype": "float64"}, [[1, 1]], indices=[1]) == {}
