from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from mxtrain.data.augment.resize import AUGMENTER, Params
from mxtrain.data.augmenter import ImageSpec


@pytest.mark.parametrize(
    ("height", "width", "out"), [(100, 50, (20, 10)), (50, 100, (10, 20)), (3, 1000, (10, 3333)), (7, 7, (10, 10))]
)
def test_shorter_edge(height, width, out):
    assert AUGMENTER.infer(Params(shorter_edge=10), ImageSpec(height, width, 3))[:2] == out


def test_exactly_one_of_the_two():
    for wrong in ({}, {"size": 4, "shorter_edge": 4}):
        with pytest.raises(ValidationError, match="give either"):
            Params(**wrong)


def test_a_constant_stays_constant():
    out = AUGMENTER.apply(Params(size=[5, 9]), np.full((20, 13, 3), 77, np.uint8), np.empty(0))
    np.testing.assert_array_equal(out, 77)


def test_the_same_size_is_the_same_image(rng):
    image = rng.integers(0, 256, (6, 7, 1), dtype=np.uint8)
    assert AUGMENTER.apply(Params(size=[6, 7]), image, np.empty(0)) is image


def test_odd_numbers_of_channels(rng):
    image = rng.integers(0, 256, (6, 7, 5), dtype=np.uint8)
    out = AUGMENTER.apply(Params(size=12), image, np.empty(0))
    np.testing.assert_array_equal(out[:, :, 2:3], AUGMENTER.apply(Params(size=12), image[:, :, 2:3], np.empty(0)))


def test_shrink_is_how_much_larger_the_image_is():
    assert AUGMENTER.shrink(Params(shorter_edge=10), 40, 80, np.empty(0)) == 4
    assert AUGMENTER.shrink(Params(size=[10, 40]), 40, 80, np.empty(0)) == 2
