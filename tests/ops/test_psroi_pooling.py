from __future__ import annotations

import numpy as np
import pytest

from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred
from tests.ops.test_roi_pooling import ROIS

MAKE = {"make": {"rois": lambda rng, shape: ROIS}, "fixed": ("rois",)}
CASES = [
    Case({"data": (2, 8, 6, 7), "rois": (4, 5)}, {"output_dim": 2, "pooled_size": 2, "spatial_scale": 0.5}, **MAKE),
    Case({"data": (2, 8, 6, 7), "rois": (4, 5)},
         {"output_dim": 2, "pooled_size": 5, "group_size": 2, "spatial_scale": 0.5}, **MAKE),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng):
    check_operator("psroi_pooling", case, rng)


def test_each_bin_has_a_channel_of_its_own():
    data = np.arange(4.0).reshape(1, 4, 1, 1) * np.ones((1, 4, 4, 4))
    how = {"output_dim": 1, "pooled_size": 2, "spatial_scale": 1}
    np.testing.assert_array_equal(
        forward("psroi_pooling", how, data=data, rois=[[0.0, 0, 0, 3, 3]]), [[[[0, 1], [2, 3]]]]
    )
    np.testing.assert_array_equal(
        forward("psroi_pooling", how, data=data, rois=[[0.0, 0, 9, 3, 12]]), np.zeros((1, 1, 2, 2))
    )


def test_shapes():
    how = {"output_dim": 3, "pooled_size": 2, "spatial_scale": 1}
    assert inferred("psroi_pooling", how, (2, None, 5, 5), (9, 5)) == ([(2, 12, 5, 5), (9, 5)], (9, 3, 2, 2))
