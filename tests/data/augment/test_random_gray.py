from __future__ import annotations

import numpy as np

from mxtrain.base.params import NoParams
from mxtrain.base.random import words
from mxtrain.data.augment import gray
from mxtrain.data.augment.random_gray import AUGMENTER, Params


def test_as_gray_in_three_channels(rng):
    image = rng.integers(0, 256, (5, 6, 3), dtype=np.uint8)
    out = AUGMENTER.apply(Params(), image, np.ones(1, np.float32))
    expected = gray.AUGMENTER.apply(NoParams(), image, np.empty(0, np.float32))
    np.testing.assert_array_equal(out, np.repeat(expected, 3, axis=2))
    assert AUGMENTER.apply(Params(), image, np.zeros(1, np.float32)) is image


def test_probability():
    w = words((1, 1), 0, 0, 10_000, 1)
    assert AUGMENTER.draw(Params(probability=0), w).sum() == 0
    assert AUGMENTER.draw(Params(probability=1), w).sum() == 10_000
    assert abs(AUGMENTER.draw(Params(), w).mean() - 0.1) < 0.01


def test_a_batch_that_keeps_its_colors(rng):
    images = rng.integers(0, 256, (3, 5, 6, 3), dtype=np.uint8)
    np.testing.assert_array_equal(AUGMENTER.apply_batch(Params(), images, np.zeros((3, 1), np.float32)), images)
