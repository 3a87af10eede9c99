from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

PAIR = {"data1": (2, 3, 6, 7), "data2": (2, 3, 6, 7)}
CASES = [
    Case(PAIR, {"max_displacement": 2, "pad_size": 2}),
    Case(PAIR, {"kernel_size": 3, "max_displacement": 2, "stride2": 2, "stride1": 2, "pad_size": 3}),
    Case(PAIR, {"is_multiply": False, "pad_size": 1}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("correlation", case, rng)


def test_channels_are_shifts():
    one, other = np.zeros((1, 1, 3, 3)), np.zeros((1, 1, 3, 3))
    one[0, 0, 1, 1], other[0, 0, 1, 2] = 2, 3
    y = forward("correlation", {}, data1=one, data2=other)
    np.testing.assert_array_equal(y.reshape(-1), [0, 0, 0, 0, 0, 6, 0, 0, 0])
    y = forward("correlation", {"is_multiply": False}, data1=one, data2=other)
    np.testing.assert_array_equal(y.reshape(-1), [2, 2, 2, 2, 2, 1, 2, 2, 2])


def test_shapes():
    how = {"max_displacement": 2, "stride2": 2, "pad_size": 1}
    assert inferred("correlation", how, None, (2, 3, 6, 7)) == ([(2, 3, 6, 7)] * 2, (2, 9, 4, 5))
    with pytest.raises(ShapeError, match="an axis of 3 with pad_size 0 has no room for max_displacement 2"):
        inferred("correlation", {"max_displacement": 2}, (1, 1, 3, 3), None)
    with pytest.raises(ShapeError, match="kernel_size must be odd, got 2"):
        inferred("correlation", {"kernel_size": 2}, (1, 1, 3, 3), None)
