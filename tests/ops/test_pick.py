from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred


def wild(rng, shape):
    return rng.integers(-6, 7, shape)


WILD = {"make": {"index": wild}, "fixed": ("index",)}
CASES = [
    Case({"data": (3, 4)}, **WILD, dtypes=("float32", "bfloat16")),
    Case({"data": (2, 3, 4)}, {"axis": 1, "mode": "wrap"}, **WILD),
    Case({"data": (2, 3, 4)}, {"axis": 0, "keepdims": True}, **WILD),
    Case({"data": (3, 4), "index": (3, 1)}, {"keepdims": True}, **WILD),
]
D = np.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("pick", case, rng)


@pytest.mark.parametrize(
    ("index", "params", "want"),
    [
        ([0, 1, 9], {}, [0, 5, 11]), ([0, 1, -1], {}, [0, 5, 8]), ([0, 1, -1], {"mode": "wrap"}, [0, 5, 11]),
        ([0, 1, 9], {"mode": "wrap"}, [0, 5, 9]), ([0, 1, 2, 9], {"axis": 0}, [0, 5, 10, 11]),
        ([0, 1, 2], {"keepdims": True}, [[0], [5], [10]]), ([[0], [1], [2]], {}, [0, 5, 10]),
        ([1.9, 0, 0], {}, [1, 4, 8]), ([[0], [1], [2]], {"keepdims": True}, [[0], [5], [10]]),
    ],
)  # fmt: skip
def test_values_are_mxnets(index, params, want):
    assert forward("pick", params, data=D, index=index).tolist() == want


def test_a_vector_gives_one_element():
    assert forward("pick", {"axis": 0}, data=[1, 2, 3], index=[1]).tolist() == [2]


def test_the_gradient_goes_where_the_element_was_read():
    found = backward("pick", {}, [1, 2, 3], data=D, index=[0, 1, 9])
    assert found["data"].tolist() == [[1, 0, 0, 0], [0, 2, 0, 0], [0, 0, 0, 3]]
    assert set(found) == {"data"}


def test_shapes_go_around():
    assert inferred("pick", {}, (3, 4), None) == ([(3, 4), (3,)], (3,))
    assert inferred("pick", {}, (None, 4), (3,)) == ([(3, 4), (3,)], (3,))
    assert inferred("pick", {"axis": 0}, (4, None), (1, 3)) == ([(4, 3), (1, 3)], (3,))


@pytest.mark.parametrize("index", [(5,), (3, 4), (3, 1, 1)])
def test_other_indices_are_refused(index):
    with pytest.raises(ShapeError, match=r"pick 'y': input 'index' must be \(3,\) or \(3, 1\), one per element"):
        inferred("pick", {}, (3, 4), index)
