from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from mxtrain.base.random import words
from mxtrain.data.augment.hue import AUGMENTER, Params


def turned(pixel, shift):
    values = np.array([shift], np.float32)
    return AUGMENTER.apply(Params(amount=0.5), np.array([[pixel]], np.uint8), values)[0, 0].tolist()


def test_a_third_of_the_circle_makes_green_of_red():
    red, green, blue = turned([200, 0, 0], 1 / 3)
    assert green == 200
    assert max(red, blue) <= 4


def test_gray_pixels_have_no_hue(rng):
    for level in (0, 77, 255):
        assert turned([level] * 3, 0.3) == [level] * 3


def test_there_and_back_is_nearly_the_same(rng):
    image = rng.integers(0, 256, (20, 20, 3), dtype=np.uint8)
    there = AUGMENTER.apply(Params(amount=0.5), image, np.array([0.25], np.float32))
    back = AUGMENTER.apply(Params(amount=0.5), there, np.array([-0.25], np.float32))
    assert np.abs(back.astype(int) - image).mean() < 4
    assert np.abs(there.astype(int) - image).mean() > 20


def test_shifts_lie_in_the_range():
    shifts = AUGMENTER.draw(Params(amount=0.1), words((1, 1), 0, 0, 5000, 1))
    assert np.abs(shifts).max() <= np.float32(0.1)
    assert abs(shifts.mean()) < 0.003


def test_more_than_half_the_circle_is_refused():
    with pytest.raises(ValidationError):
        Params(amount=0.6)
