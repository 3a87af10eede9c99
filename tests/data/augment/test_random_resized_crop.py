from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from mxtrain.base.random import words
from mxtrain.data.augment import random_resized_crop
from mxtrain.data.augment.random_resized_crop import AUGMENTER, Params

BOXES = 2000


def boxes(params, height, width):
    values = AUGMENTER.draw(params, words((5, 6), 0, 0, BOXES, AUGMENTER.words))
    return np.array([random_resized_crop._box(params, height, width, v) for v in values])


@pytest.mark.parametrize(("height", "width"), [(100, 150), (1, 1), (3, 2000), (480, 480)])
def test_windows_lie_inside(height, width):
    top, left, h, w = boxes(Params(size=8), height, width).T
    assert (top >= 0).all()
    assert (left >= 0).all()
    assert (h >= 1).all()
    assert (w >= 1).all()
    assert (top + h <= height).all()
    assert (left + w <= width).all()


def test_area_and_ratio_are_within_their_ranges():
    _, _, h, w = boxes(Params(size=8, area=[0.2, 0.5]), 400, 400).T
    assert (h * w / 160_000 > 0.195).all()
    assert (h * w / 160_000 < 0.505).all()
    assert (w / h > 0.74).all()
    assert (w / h < 1.35).all()


def test_ranges_must_be_in_order():
    with pytest.raises(ValidationError, match="larger than the largest"):
        Params(size=8, area=[0.5, 0.2])


def test_shrink_follows_the_window():
    params = Params(size=50, area=[1, 1], ratio=[1, 1])
    assert AUGMENTER.shrink(params, 400, 400, np.zeros(AUGMENTER.words)) == 8


def test_in_evaluation_a_margin_and_the_middle():
    (first, edge), (second, crop) = AUGMENTER.at_eval(Params(size=224))
    assert (first, edge["shorter_edge"], second, crop["size"]) == ("resize", 256, "center_crop", (224, 224))
