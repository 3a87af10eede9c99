from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

CASES = [
    Case({"data": (2, 2, 4, 6)}, {"block_size": 2}, dtypes=("float32", "bfloat16")),
    Case({"data": (1, 1, 6, 3)}, {"block_size": 3}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("space_to_depth", case, rng)


def test_pixels_become_channels():
    y = forward("space_to_depth", {"block_size": 2}, data=[[[[0.0, 2], [4, 6]], [[1, 3], [5, 7]]]])
    np.testing.assert_array_equal(y.reshape(-1), np.arange(8))


def test_shapes():
    assert inferred("space_to_depth", {"block_size": 2}, None, out=(1, 8, 2, 3))[0] == [(1, 2, 4, 6)]
    with pytest.raises(ShapeError, match=r"the width of 'data' \(5\) must be a multiple of block_size 2"):
        inferred("space_to_depth", {"block_size": 2}, (1, 2, 4, 5))
