from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import DataError, ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred


def places(rng, shape):
    """Negative ones count from the end."""
    return rng.integers(-2, 2, shape)


CASES = [
    Case({"data": (3, 2, 4), "indices": (2, 5)}, make={"indices": places}, fixed=("indices",)),
    Case({"data": (4, 3), "indices": (1, 2, 2)}, make={"indices": places}, fixed=("indices",)),
    Case({"data": (3, 2), "indices": (2, 3)}, make={"indices": places}, fixed=("indices",)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("gather_nd", case, rng)


def test_columns_name_places():
    x, index = np.arange(6.0).reshape(2, 3), [[0, 1, 1], [2, 0, 2]]
    assert forward("gather_nd", {}, data=x, indices=index).tolist() == [2, 3, 5]
    assert backward("gather_nd", {}, [1, 2, 3], data=x, indices=index)["data"].tolist() == [[0, 0, 1], [2, 0, 3]]
    assert backward("gather_nd", {}, [1, 2], data=[5, 6], indices=[[1, -1]])["data"].tolist() == [0, 3]


def test_places_outside_are_refused():
    with pytest.raises(
        DataError, match=r"gather_nd 'node': indices of axis 1 must be -3 to 2, got 3 \(1 are outside\)"
    ):
        forward("gather_nd", {}, data=np.zeros((2, 3)), indices=[[0, 1], [3, 0]])
    with pytest.raises(ShapeError, match="name 3 axes, but 'data' .* has 2"):
        inferred("gather_nd", {}, (2, 3), (3, 4))
