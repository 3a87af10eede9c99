from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.data.augment.center_crop import AUGMENTER, Params
from mxtrain.data.augmenter import ImageSpec


def test_the_middle():
    image = np.arange(25, dtype=np.uint8).reshape(5, 5, 1)
    np.testing.assert_array_equal(
        AUGMENTER.apply(Params(size=3), image, np.empty(0))[:, :, 0], [[6, 7, 8], [11, 12, 13], [16, 17, 18]]
    )


def test_images_known_to_be_too_small_are_refused():
    with pytest.raises(ConfigError, match="cannot cut width 8 from images of width 5"):
        AUGMENTER.infer(Params(size=8), ImageSpec(9, 5, 1))


def test_a_small_image_is_scaled_up():
    image = np.full((3, 5, 3), 9, np.uint8)
    assert AUGMENTER.apply(Params(size=8), image, np.empty(0)).shape == (8, 8, 3)
