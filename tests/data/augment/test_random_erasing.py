from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from mxtrain.base.random import words
from mxtrain.data.augment.random_erasing import AUGMENTER, Params

COUNT = 600


@pytest.fixture
def erased():
    """(parameters, height, width) -> (images, where they were covered)."""

    def run(params, height=60, width=40):
        images = np.full((COUNT, height, width, 3), 9, np.uint8)
        out = AUGMENTER.apply_batch(params, images, AUGMENTER.draw(params, words((5, 6), 0, 0, COUNT, AUGMENTER.words)))
        return out, (out != 9).any(axis=3)

    return run


def test_rectangles_of_the_area_and_shape_asked_for(erased):
    _, covered = erased(Params(probability=1, area=[0.1, 0.3], ratio=[0.5, 2], value=0), 200, 200)
    heights, widths = covered.any(axis=2).sum(axis=1), covered.any(axis=1).sum(axis=1)
    np.testing.assert_array_equal(heights * widths, covered.sum(axis=(1, 2)))
    area, ratio = heights * widths / 40_000, heights / widths
    assert 0.099 < area.min() < 0.11
    assert 0.28 < area.max() < 0.302
    assert 0.48 < ratio.min() < 0.52
    assert 1.9 < ratio.max() < 2.06
    assert abs(np.log(ratio).mean()) < 0.06


def test_every_row_and_column_is_reached(erased):
    _, covered = erased(Params(probability=1))
    assert covered.any(axis=(0, 1)).all()
    assert covered.any(axis=(0, 2)).all()


def test_probability(erased):
    _, covered = erased(Params(probability=0.25))
    assert abs(covered.any(axis=(1, 2)).mean() - 0.25) < 0.06
    assert not erased(Params(probability=0))[1].any()


def test_noise_is_even_and_differs_between_images(erased):
    out, covered = erased(Params(probability=1, value="random"))
    noise = out[covered]
    # 256 values alike likely, but for the 9 that was there: a chi square of 255 degrees stays below 350.
    counts = np.bincount(noise.reshape(-1), minlength=256)
    expected = noise.size / 256
    assert ((counts - expected) ** 2 / expected).sum() < 350
    assert len({o[c].tobytes()[:30] for o, c in zip(out, covered, strict=True)}) == COUNT
    assert abs(np.corrcoef(noise[:, 0], noise[:, 1])[0, 1]) < 0.01


def test_what_never_fits_changes_nothing(erased):
    assert not erased(Params(probability=1, area=[1, 1], ratio=[1, 1]), 10, 50)[1].any()


@pytest.mark.parametrize("wrong", [{"area": [0.5, 0.2]}, {"ratio": [0, 1]}, {"value": 256}, {"value": "noise"}])
def test_bad_values(wrong):
    with pytest.raises(ValidationError):
        Params(**wrong)
