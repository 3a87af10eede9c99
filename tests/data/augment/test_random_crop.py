from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.errors import ConfigError
from mxtrain.base.random import words
from mxtrain.data.augment.random_crop import AUGMENTER, Params
from mxtrain.data.augmenter import ImageSpec


def test_every_place_is_reached_and_none_beyond():
    image = np.arange(20, dtype=np.uint8).reshape(4, 5, 1)
    params = Params(size=3)
    values = AUGMENTER.draw(params, words((3, 4), 0, 0, 600, 2))
    corners = AUGMENTER.apply_batch(params, np.repeat(image[None], 600, 0), values)[:, 0, 0, 0]
    assert set(corners.tolist()) == {0, 1, 2, 5, 6, 7}


def test_the_largest_draw_stays_inside():
    top = np.full((1, 2), np.float32(1 - 2.0**-24))
    image = np.arange(20, dtype=np.uint8).reshape(1, 4, 5, 1)
    assert AUGMENTER.apply_batch(Params(size=3), image, top)[0, 2, 2, 0] == 19


def test_the_border_is_filled():
    image = np.full((1, 2, 2, 1), 5, np.uint8)
    out = AUGMENTER.apply_batch(Params(size=2, pad=2, fill=9), image, np.zeros((1, 2), np.float32))
    np.testing.assert_array_equal(out, 9)


def test_too_small():
    with pytest.raises(ConfigError, match="cannot cut height 9 from images of height 8"):
        AUGMENTER.infer(Params(size=9, pad=2), ImageSpec(4, 9, 1))


def test_a_small_image_is_scaled_up():
    assert AUGMENTER.apply(Params(size=8), np.zeros((3, 5, 3), np.uint8), np.zeros(2)).shape == (8, 8, 3)
