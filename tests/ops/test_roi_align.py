from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import DataError, ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import backward, forward, inferred

ROIS = np.array([[0, 1, 1, 9, 7.5], [1, 2.2, 3, 30, 20], [-1, 0, 0, 5, 5], [1, -9, -4, 3, 3], [0, 2, 2, 2, 2]])
RAMP = np.broadcast_to(np.arange(6.0), (1, 1, 4, 6)).copy()


def make(columns):
    return {"make": {"rois": lambda rng, shape: ROIS[:, 5 - columns :]}, "fixed": ("rois",)}


def case(columns=5, **params):
    shapes = {"data": (2, 8, 6, 7), "rois": (5, columns)}
    return Case(shapes, {"pooled_size": (2, 2), "spatial_scale": 0.5, **params}, **make(columns))


CASES = [
    case(),
    case(sample_ratio=2, pooled_size=(3, 2)),
    case(aligned=True),
    case(position_sensitive=True, sample_ratio=2),
    case(4, sample_ratio=3),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("roi_align", case, rng)


def test_a_bin_is_a_mean_between_pixels():
    how = {"pooled_size": (1, 2), "spatial_scale": 1, "sample_ratio": 1}
    np.testing.assert_allclose(forward("roi_align", how, data=RAMP, rois=[[0.0, 1, 1, 3, 2]]), [[[[1.5, 2.5]]]])
    moved = forward("roi_align", {**how, "aligned": True}, data=RAMP, rois=[[0.0, 1, 1, 3, 2]])
    np.testing.assert_allclose(moved, [[[[1, 2]]]])
    dx = backward("roi_align", how, [[[[1.0, 0]]]], data=RAMP, rois=[[0.0, 1, 1, 3, 2]])["data"]
    np.testing.assert_allclose(dx[0, 0, 1:3, 1:3], 0.25)
    assert dx.sum() == 1


def test_a_region_without_an_image_is_0_and_a_strange_one_is_refused():
    how = {"pooled_size": (1, 1), "spatial_scale": 1}
    assert not forward("roi_align", how, data=RAMP, rois=[[-1.0, 1, 1, 3, 2]]).any()
    with pytest.raises(DataError, match="rois name the images 0 to 0 of a batch of 1, got 2"):
        forward("roi_align", how, data=RAMP, rois=[[2.0, 1, 1, 3, 2]])


def test_shapes():
    how = {"pooled_size": (2, 3), "spatial_scale": 1}
    assert inferred("roi_align", how, (2, 12, 5, 5), (9, 5))[1] == (9, 12, 2, 3)
    assert inferred("roi_align", {**how, "position_sensitive": True}, (2, 12, 5, 5), (9, 5))[1] == (9, 2, 2, 3)
    with pytest.raises(ShapeError, match="input 'rois' must have rows of 4 or 5"):
        inferred("roi_align", how, (2, 12, 5, 5), (9, 6))
    with pytest.raises(ShapeError, match=r"8 channels of 'data' must be a multiple of the number of bins \(6\)"):
        inferred("roi_align", {**how, "position_sensitive": True}, (2, 8, 5, 5), (9, 5))
