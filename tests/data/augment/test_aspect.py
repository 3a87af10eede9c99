from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from mxtrain.base.random import words
from mxtrain.data.augment.aspect import AUGMENTER, Params


def extent(ratio):
    image = np.zeros((120, 120, 1), np.uint8)
    image[40:80, 40:80] = 1
    out = AUGMENTER.apply(Params(ratio=[0.1, 9], method="nearest"), image, np.array([ratio], np.float32))[:, :, 0]
    return int(out.any(axis=1).sum()), int(out.any(axis=0).sum())


@pytest.mark.parametrize(("ratio", "height", "width"), [(1, 40, 40), (3, 20, 60), (1 / 3, 60, 20)])
def test_height_and_width_of_what_is_shown(ratio, height, width):
    assert extent(ratio) == (height, width)


def test_one_number_stands_for_a_range_around_one():
    assert Params(ratio=0.25).ratio == (0.75, 1.25)
    ratios = AUGMENTER.draw(Params(ratio=0.25), words((1, 1), 0, 0, 1000, 1))
    assert ratios.min() >= 0.75
    assert ratios.max() <= 1.25


@pytest.mark.parametrize("wrong", [1, [2, 1], [0, 1]])
def test_bad_ranges(wrong):
    with pytest.raises(ValidationError):
        Params(ratio=wrong)
