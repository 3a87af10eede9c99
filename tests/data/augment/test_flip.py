from __future__ import annotations

import numpy as np

from mxtrain.base.random import words
from mxtrain.data.augment.flip import AUGMENTER, Params
from mxtrain.data.augmenter import ImageSpec
from mxtrain.data.pipeline import prepare


def test_horizontal_exchanges_left_and_right():
    image = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)
    np.testing.assert_array_equal(AUGMENTER.apply(Params(), image, np.ones(1))[:, :, 0], [[2, 1, 0], [5, 4, 3]])


def test_vertical_exchanges_top_and_bottom():
    image = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)
    out = AUGMENTER.apply(Params(direction="vertical"), image, np.ones(1))
    np.testing.assert_array_equal(out[:, :, 0], [[3, 4, 5], [0, 1, 2]])


def test_probability():
    w = words((1, 1), 0, 0, 10_000, 1)
    assert AUGMENTER.draw(Params(probability=0), w).sum() == 0
    assert AUGMENTER.draw(Params(probability=1), w).sum() == 10_000
    assert abs(AUGMENTER.draw(Params(), w).mean() - 0.5) < 0.02


def test_left_out_in_evaluation(steps):
    assert prepare(steps(("flip", {})), ImageSpec(4, 4, 1), training=False).steps == ()
