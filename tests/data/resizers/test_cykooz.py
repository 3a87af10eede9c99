from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mxtrain.data import resizers
from mxtrain.data.resizers import pillow
from mxtrain.data.resizers.cykooz import RESIZER

pytestmark = pytest.mark.skipif(not RESIZER.available(), reason="cykooz-resizer is not installed")


def test_it_is_preferred():
    assert resizers.best() == "cykooz"


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
def test_bilinear_as_pillow_but_for_the_last_bit(channels, rng):
    for _ in range(40):
        height, width, *size = (int(n) for n in rng.integers(1, 120, 4))
        image = rng.integers(0, 256, (height, width, channels), dtype=np.uint8)
        out = RESIZER.resize(image, tuple(size), "bilinear")
        expected = pillow.resize(image, tuple(size), "bilinear")
        assert out.shape == expected.shape
        assert np.abs(out.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("method", ["nearest", "bicubic", "lanczos", "area"])
def test_other_methods_are_left_to_pillow(method):
    assert RESIZER.resize(np.zeros((5, 5, 3), np.uint8), (4, 4), method) is None


def test_alpha_is_left_to_pillow():
    assert RESIZER.resize(np.zeros((5, 5, 4), np.uint8), (4, 4), "bilinear") is None


def test_a_view_is_as_good(rng):
    image = rng.integers(0, 256, (17, 13, 3), dtype=np.uint8)
    view = image[2:15, ::-1][:, 1:9]
    np.testing.assert_array_equal(
        RESIZER.resize(view, (8, 6), "bilinear"), RESIZER.resize(view.copy(), (8, 6), "bilinear")
    )


def test_from_several_threads(rng):
    images = [rng.integers(0, 256, (40 + n, 60, 3), dtype=np.uint8) for n in range(20)]
    alone = [RESIZER.resize(i, (30, 30), "bilinear") for i in images]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda i: RESIZER.resize(i, (30, 30), "bilinear"), images))
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a, b)
