from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred

HOW = {"transform_type": "affine", "sampler_type": "bilinear"}


def test_contract(rng):
    check_operator("spatial_transformer", Case({"data": (2, 3, 5, 6)}, {**HOW, "target_shape": (4, 3)}), rng)


def test_the_identity_gives_the_image_and_a_shift_moves_it():
    data = np.arange(12.0).reshape(1, 1, 3, 4)
    how = {**HOW, "target_shape": (3, 4)}
    np.testing.assert_allclose(forward("spatial_transformer", how, data=data, loc=[[1.0, 0, 0, 0, 1, 0]]), data)
    moved = forward("spatial_transformer", how, data=data, loc=[[1.0, 0, 0, 0, 1, 1]])
    np.testing.assert_allclose(moved, [[[*data[0, 0, 1:].tolist(), [0] * 4]]])


def test_shapes():
    how = {**HOW, "target_shape": (4, 3)}
    assert inferred("spatial_transformer", how, (2, 3, 5, 6), None) == ([(2, 3, 5, 6), (2, 6)], (2, 3, 4, 3))
    with pytest.raises(ShapeError, match=r"target_shape must be at least \(2, 2\)"):
        inferred("spatial_transformer", HOW, (2, 3, 5, 6), None)
