from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import DataError, ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred


def different(rng, shape):
    """No place twice."""
    return np.stack([rng.permutation(4)[: shape[1]] for _ in range(shape[0])])


CASES = [
    Case({"data": (3, 2), "indices": (1, 3)}, {"shape": [4, 2]}, make={"indices": different}, fixed=("indices",)),
    Case({"data": (3,), "indices": (2, 3)}, {"shape": [4, 4]}, make={"indices": different}, fixed=("indices",)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("scatter_nd", case, rng)


def test_columns_name_places():
    index = [[0, 0, 1], [1, 1, 2]]
    found = forward("scatter_nd", {"shape": [2, 3]}, data=[1, 2, 3], indices=index)
    assert found.tolist() == [[0, 2, 0], [0, 0, 3]]
    dy = np.arange(6.0).reshape(2, 3)
    assert backward("scatter_nd", {"shape": [2, 3]}, dy, data=[1, 2, 3], indices=index)["data"].tolist() == [1, 1, 5]


def test_shapes():
    assert inferred("scatter_nd", {"shape": [4, 2]}, None, (1, 3)) == ([(3, 2), (1, 3)], (4, 2))
    with pytest.raises(DataError, match="indices of axis 0 must be -2 to 1, got 2"):
        forward("scatter_nd", {"shape": [2]}, data=[1], indices=[[2]])
    with pytest.raises(ShapeError, match="name 2 axes, but shape"):
        inferred("scatter_nd", {"shape": [4]}, None, (2, 3))
