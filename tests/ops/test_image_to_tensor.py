from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ShapeError
from mxtrain.base.types import TensorType
from tests.contract.operators import Case, check_operator
from tests.contract.values import forward, inferred, node_of


@pytest.mark.parametrize("shape", [(4, 5, 3), (2, 4, 5, 1)], ids=str)
def test_contract(shape, rng):
    check_operator("image_to_tensor", Case({"data": shape}), rng)


def test_pixels_become_numbers_of_0_to_1():
    y = forward("image_to_tensor", {}, data=np.array([[[0, 255], [51, 102]]], np.uint8))
    np.testing.assert_allclose(y, [[[0, 0.2]], [[1, 0.4]]], rtol=1e-6)


def test_whole_numbers_become_float32():
    node = node_of("image_to_tensor", {}, {"data": np.zeros((2, 4, 5, 3), np.uint8)})
    assert node.types[0] == TensorType((2, 3, 4, 5), "float32")


def test_shapes():
    assert inferred("image_to_tensor", {}, None, out=(2, 3, 4, 5))[0] == [(2, 4, 5, 3)]
    with pytest.raises(ShapeError, match="must have the axes"):
        inferred("image_to_tensor", {}, (4, 5))
