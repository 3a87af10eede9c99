from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

CASES = [
    Case({"data": (2, 8, 2, 3)}, {"block_size": 2}, dtypes=("float32", "bfloat16")),
    Case({"data": (1, 9, 2, 1)}, {"block_size": 3}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("depth_to_space", case, rng)


def test_channels_become_pixels():
    y = forward("depth_to_space", {"block_size": 2}, data=np.arange(8.0).reshape(1, 8, 1, 1))
    np.testing.assert_array_equal(y[0], [[[0, 2], [4, 6]], [[1, 3], [5, 7]]])


def test_shapes():
    assert inferred("depth_to_space", {"block_size": 2}, None, out=(1, 2, 4, 6))[0] == [(1, 8, 2, 3)]
    with pytest.raises(ShapeError, match=r"6 channels of 'data' must be a multiple of block_size\^2 \(4\)"):
        inferred("depth_to_space", {"block_size": 2}, (1, 6, 2, 2))
