from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import DataError, ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred

ROIS = np.array([[0, 1, 1, 9, 7.5], [1, 2.2, 3, 30, 20], [1, -9, -4, 3, 3], [0, 2, 2, 2, 2]])
MAKE = {"make": {"rois": lambda rng, shape: ROIS}, "fixed": ("rois",), "distinct": True}
SHAPES = {"data": (2, 3, 6, 7), "rois": (4, 5)}
IMAGE = np.arange(48.0).reshape(1, 1, 8, 6)


@pytest.mark.parametrize("size", [2, (3, 1), (7, 7)], ids=str)
def test_contract(size, rng):
    check_operator("roi_pooling", Case(SHAPES, {"pooled_size": size, "spatial_scale": 0.5}, **MAKE), rng)


def pooled(rois, scale=1.0):
    return forward("roi_pooling", {"pooled_size": (2, 2), "spatial_scale": scale}, data=IMAGE, rois=rois)


def test_values_are_mxnets():
    np.testing.assert_array_equal(pooled([[0.0, 0, 0, 4, 4]]), [[[[14, 16], [26, 28]]]])
    np.testing.assert_array_equal(pooled([[0.0, 0, 0, 4, 4]], 0.7), [[[[7, 9], [19, 21]]]])


def test_bins_outside_the_image_are_0_and_have_no_gradient():
    rois = [[0.0, 4, 6, 20, 20]]
    np.testing.assert_array_equal(pooled(rois), [[[[47, 0], [0, 0]]]])
    how = {"pooled_size": (2, 2), "spatial_scale": 1}
    dx = backward("roi_pooling", how, np.full((1, 1, 2, 2), 3.0), data=IMAGE, rois=rois)["data"]
    assert dx[0, 0, 7, 5] == 3 and dx.sum() == 3


def test_an_image_that_there_is_not_is_refused():
    with pytest.raises(DataError, match="rois name the images 0 to 0 of a batch of 1, got 1"):
        pooled([[1.0, 0, 0, 4, 4]])


def test_shapes():
    how = {"pooled_size": (2, 3), "spatial_scale": 1}
    assert inferred("roi_pooling", how, (2, 4, 5, 5), (9, 5))[1] == (9, 4, 2, 3)
    with pytest.raises(ShapeError, match="input 'rois' must have rows of 5"):
        inferred("roi_pooling", how, (2, 4, 5, 5), (9, 4))
