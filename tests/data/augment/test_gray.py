from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mxtrain.base.errors import ConfigError
from mxtrain.base.params import NoParams
from mxtrain.data.augment.gray import AUGMENTER
from mxtrain.data.augmenter import ImageSpec


def test_as_pillow(rng):
    image = rng.integers(0, 256, (50, 60, 3), dtype=np.uint8)
    out = AUGMENTER.apply(NoParams(), image, np.empty(0))
    np.testing.assert_array_equal(out[:, :, 0], np.asarray(Image.fromarray(image).convert("L")))


def test_weights_of_the_channels(rng):
    image = rng.integers(0, 256, (50, 60, 3), dtype=np.uint8)
    out = AUGMENTER.apply(NoParams(), image, np.empty(0))
    np.testing.assert_array_equal(out[:, :, 0], (image @ np.array([19595, 38470, 7471]) + 32768) // 65536)


def test_gray_stays_as_it_is(rng):
    image = rng.integers(0, 256, (5, 6, 1), dtype=np.uint8)
    assert AUGMENTER.apply(NoParams(), image, np.empty(0)) is image


def test_two_channels_are_refused():
    with pytest.raises(ConfigError, match="these have 2"):
        AUGMENTER.infer(NoParams(), ImageSpec(4, 4, 2))
