from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import DataError, ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred


def wild(rng, shape):
    return rng.integers(-6, 7, shape)


def tame(rng, shape):
    return rng.integers(0, 3, shape)


FIXED = {"fixed": ("indices",)}
WILD = {"make": {"indices": wild}, **FIXED}
CASES = [
    Case({"a": (5, 4), "indices": (3,)}, **WILD, dtypes=("float32", "bfloat16")),
    Case({"a": (2, 3, 4), "indices": (2, 5)}, {"axis": 1, "mode": "wrap"}, **WILD),
    Case({"a": (2, 3), "indices": (4,)}, {"axis": -1, "mode": "raise"}, make={"indices": tame}, **FIXED),
    Case({"a": (6,), "indices": (2, 2)}, **WILD),
]
W = np.arange(8.0).reshape(4, 2)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("take", case, rng)


@pytest.mark.parametrize(
    ("mode", "index", "row"),
    [("clip", 4, 3), ("clip", -1, 0), ("clip", 1.7, 1), ("wrap", 4, 0), ("wrap", -1, 3), ("wrap", -5, 3),
     ("wrap", 9, 1), ("raise", 1.7, 1)],
)  # fmt: skip
def test_indices_are_read_as_in_mxnet(mode, index, row):
    assert forward("take", {"mode": mode}, a=W, indices=[index]).tolist() == [W[row].tolist()]


@pytest.mark.parametrize("index", [4, -1])
def test_indices_outside_are_refused_if_asked(index):
    with pytest.raises(DataError, match=rf"take 'node': indices must be 0 to 3, got {index} \(1 are outside\)"):
        forward("take", {"mode": "raise"}, a=W, indices=[0, index])


@pytest.mark.parametrize(("mode", "want"), [("clip", [1, 1100, 10]), ("wrap", [0, 1100, 11])])
def test_gradients_of_equal_indices_add_up_as_in_mxnet(mode, want):
    found = backward("take", {"mode": mode}, [1, 10, 100, 1000], a=[0, 1, 2], indices=[-4, 5, 1, 1])
    assert found["a"].tolist() == want
    assert set(found) == {"a"}


def test_the_index_takes_the_place_of_the_axis():
    x = np.arange(24.0).reshape(2, 3, 4)
    index = np.array([[0.0, 2], [1, 1]])
    np.testing.assert_array_equal(forward("take", {"axis": 1}, a=x, indices=index), x[:, index.astype(int)])
    assert inferred("take", {"axis": -1}, (2, None, 4), (5, 6))[1] == (2, None, 5, 6)
    with pytest.raises(ShapeError, match="axis 3 is out of range"):
        inferred("take", {"axis": 3}, (2, 3, 4), (5,))
