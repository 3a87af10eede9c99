from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from mxtrain.base.errors import ConfigError
from mxtrain.base.random import words
from mxtrain.data.augment.brightness import AUGMENTER, Params
from mxtrain.data.augmenter import ImageSpec
from mxtrain.data.pipeline import prepare


@pytest.mark.parametrize("factor", [0.0, 0.3, 0.999, 1.0, 1.7, 5.0])
def test_as_pillow(factor, rng):
    image = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    factor = np.float32(factor)
    expected = ImageEnhance.Brightness(Image.fromarray(image)).enhance(float(factor))
    np.testing.assert_array_equal(AUGMENTER.apply(Params(amount=9), image, np.array([factor])), np.asarray(expected))


def test_factors_lie_around_one():
    factors = AUGMENTER.draw(Params(amount=0.4), words((1, 1), 0, 0, 10_000, 1))
    assert factors.min() >= np.float32(0.6)
    assert factors.max() <= np.float32(1.4)
    assert abs(factors.mean() - 1) < 0.01
    assert AUGMENTER.draw(Params(amount=3), words((1, 1), 0, 0, 10_000, 1)).min() >= 0


def test_left_out_in_evaluation(steps):
    assert prepare(steps(("brightness", {"amount": 1})), ImageSpec(4, 4, 3), training=False).steps == ()


def test_two_channels_are_refused():
    with pytest.raises(ConfigError, match="1 or 3 channels, these have 2; put gray or color before it"):
        AUGMENTER.infer(Params(amount=1), ImageSpec(4, 4, 2))


def test_large_batches_are_the_same_image_by_image(rng):
    images = rng.integers(0, 256, (9, 200, 150, 3), dtype=np.uint8)
    factors = rng.random((9, 1), dtype=np.float32) * 2
    out = AUGMENTER.apply_batch(Params(amount=1), images, factors)
    for index in range(9):
        np.testing.assert_array_equal(out[index], AUGMENTER.apply(Params(amount=1), images[index], factors[index]))
