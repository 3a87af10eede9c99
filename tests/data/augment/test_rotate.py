from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from mxtrain.base.random import words
from mxtrain.data.augment.rotate import AUGMENTER, Params


@pytest.mark.parametrize("method", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_quarter_turns_are_exact(method, channels, rng):
    image = rng.integers(0, 256, (8, 8, channels), dtype=np.uint8)
    for quarters in range(-3, 5):
        out = AUGMENTER.apply(Params(degrees=360, method=method), image, np.array([90 * quarters], np.float32))
        np.testing.assert_array_equal(out, np.rot90(image, quarters))


def test_as_pillow(rng):
    image = rng.integers(0, 256, (31, 44, 3), dtype=np.uint8)
    out = AUGMENTER.apply(Params(degrees=90, fill=9), image, np.array([25], np.float32))
    expected = Image.fromarray(image).rotate(25, Image.Resampling.BILINEAR, fillcolor=(9, 9, 9))
    np.testing.assert_array_equal(out, np.asarray(expected))


def test_no_turn_is_the_same_image(rng):
    image = rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    assert AUGMENTER.apply(Params(degrees=9), image, np.zeros(1, np.float32)) is image


@pytest.mark.parametrize(("given", "low", "high"), [(30, -30, 30), ([10, 20], 10, 20), ([45, 45], 45, 45), (-5, -5, 5)])
def test_ranges(given, low, high):
    angles = AUGMENTER.draw(Params(degrees=given), words((1, 1), 0, 0, 2000, 1))
    margin = 0.01 * (high - low)
    assert low <= angles.min() <= low + margin
    assert high - margin <= angles.max() <= high


@pytest.mark.parametrize("wrong", [[20, 10], "left", True, [1, 2, 3], float("nan")])
def test_bad_ranges(wrong):
    with pytest.raises(ValidationError):
        Params(degrees=wrong)
