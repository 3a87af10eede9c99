from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

CASES = [
    Case({"data": (2, 6)}, {"transform_type": "affine", "target_shape": (3, 4)}),
    Case({"data": (2, 2, 3, 4)}, {"transform_type": "warp"}),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("grid_generator", case, rng)


def test_grids_reach_from_pixel_to_pixel():
    how = {"transform_type": "affine", "target_shape": (2, 3)}
    y = forward("grid_generator", how, data=[[1.0, 0, 0, 0, 2, 0.5]])
    np.testing.assert_allclose(y, [[[[-1, 0, 1]] * 2, [[-1.5] * 3, [2.5] * 3]]])
    flow = np.zeros((1, 2, 2, 3))
    flow[0, 0] = 1
    y = forward("grid_generator", {"transform_type": "warp"}, data=flow)
    np.testing.assert_allclose(y, [[[[0, 1, 2]] * 2, [[-1] * 3, [1] * 3]]])


def test_shapes():
    how = {"transform_type": "affine", "target_shape": (2, 3)}
    assert inferred("grid_generator", how, None, out=(5, 2, 2, 3))[0] == [(5, 6)]
    with pytest.raises(ShapeError, match=r"target_shape must be at least \(2, 2\) for an affine grid, got \(0, 0\)"):
        inferred("grid_generator", {"transform_type": "affine"}, (2, 6))
