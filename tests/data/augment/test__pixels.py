from __future__ import annotations

import numpy as np
import pytest

from mxtrain.data.augment import _pixels


@pytest.mark.parametrize(
    ("height", "width", "size", "out"),
    [(100, 100, (8, 8), (8, 8)), (4, 100, (8, 8), (4, 4)), (100, 4, (8, 16), (2, 4)), (1, 1, (8, 100), (1, 1))],
)
def test_the_largest_piece_of_that_shape(height, width, size, out):
    assert _pixels.fitting(height, width, size) == out


def test_windows(rng):
    images = rng.integers(0, 256, (5, 7, 6, 2), dtype=np.uint8)
    tops, lefts = rng.integers(0, 5, 5), rng.integers(0, 3, 5)
    out = _pixels.windows(images, tops, lefts, (3, 4))
    for n in range(5):
        np.testing.assert_array_equal(out[n], images[n, tops[n] : tops[n] + 3, lefts[n] : lefts[n] + 4])


@pytest.mark.parametrize("method", ["nearest", "bilinear", "bicubic", "lanczos", "area"])
def test_halves_keep_the_mean(method, rng):
    image = np.kron(rng.integers(0, 256, (8, 8, 3)), np.ones((4, 4, 1))).astype(np.uint8)
    out = _pixels.resize(image, (16, 16), method)
    assert out.shape == (16, 16, 3)
    assert abs(out.mean() - image.mean()) < 2
