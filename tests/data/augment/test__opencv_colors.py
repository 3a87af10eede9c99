"""Bytes that MXNet 1.9.1 made of one 20 x 23 image; the amounts that it drew were found by trying."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.data.augment import _opencv_colors


@pytest.fixture
def image():
    y, x, c = np.mgrid[:20, :23, :3]
    return ((3 * y * y + 5 * x * (c + 1) + 7 * x * y // (c + 2) + 60 * c) % 256).astype(np.uint8)


@pytest.mark.parametrize(
    ("change", "amounts", "expected"),
    [
        ("shifted_hls", (-44, -15, 24), "5de9799e0000c60e0ed41010ff1f1f044219"),
        ("brightened", (0.90002,), "7291ce8ca900a7c118b4cb1dd2e537091751"),
        ("contrasted", (1.06144,), "7fa3eb9ec000bedb15cde71af0ff39031458"),
        ("saturated", (0.87896,), "85a3df99b50fb6cf2ac4da30e4f74d0e1c54"),
    ],
)
def test_the_same_bytes_as_mxnet(change, amounts, expected, image):
    out = getattr(_opencv_colors, change)(image, *amounts)
    np.testing.assert_array_equal(out[7:9, 8:11].reshape(-1), np.frombuffer(bytes.fromhex(expected), np.uint8))


def test_gray_has_no_hue(rng):
    gray = np.repeat(rng.integers(0, 256, (6, 5, 1), dtype=np.uint8), 3, axis=2)
    np.testing.assert_array_equal(_opencv_colors.shifted_hls(gray, 90, 0, 0), gray)


def test_results_stay_in_range(rng):
    image = rng.integers(0, 256, (6, 5, 3), dtype=np.uint8)
    assert (_opencv_colors.shifted_hls(image, 0, 255, 0) == 255).all()
    assert (_opencv_colors.shifted_hls(image, 0, -255, 0) == 0).all()
    assert (_opencv_colors.brightened(image, -1) == 0).all()
