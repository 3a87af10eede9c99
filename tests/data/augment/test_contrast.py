from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from mxtrain.base.random import words
from mxtrain.data.augment.contrast import AUGMENTER, Params
from mxtrain.data.augmenter import ImageSpec
from mxtrain.data.pipeline import prepare


@pytest.mark.parametrize("factor", [0.0, 0.3, 0.999, 1.0, 1.7, 5.0])
def test_as_pillow(factor, rng):
    image = rng.integers(0, 256, (40, 50, 3), dtype=np.uint8)
    factor = np.float32(factor)
    expected = ImageEnhance.Contrast(Image.fromarray(image)).enhance(float(factor))
    np.testing.assert_array_equal(AUGMENTER.apply(Params(amount=9), image, np.array([factor])), np.asarray(expected))


def test_factors_lie_around_one():
    factors = AUGMENTER.draw(Params(amount=0.4), words((1, 1), 0, 0, 10_000, 1))
    assert factors.min() >= np.float32(0.6)
    assert factors.max() <= np.float32(1.4)
    assert abs(factors.mean() - 1) < 0.01
    assert AUGMENTER.draw(Params(amount=3), words((1, 1), 0, 0, 10_000, 1)).min() >= 0


def test_left_out_in_evaluation(steps):
    assert prepare(steps(("contrast", {"amount": 1})), ImageSpec(4, 4, 3), training=False).steps == ()


def test_gray_as_pillow(rng):
    image = rng.integers(0, 256, (9, 7, 1), dtype=np.uint8)
    expected = ImageEnhance.Contrast(Image.fromarray(image[:, :, 0])).enhance(0.5)
    np.testing.assert_array_equal(
        AUGMENTER.apply(Params(amount=9), image, np.array([0.5], np.float32))[:, :, 0], np.asarray(expected)
    )
