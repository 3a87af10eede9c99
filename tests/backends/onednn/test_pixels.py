"""Images to floats: the bits of array code, wherever the images of a call lie."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.backends.onednn import make_pixels

SHAPES = [(3, 5, 7, 3), (2, 6, 90, 3), (4, 28, 28, 1), (1, 1, 1, 1), (2, 3, 4, 4)]


def target_of(shape, first):
    n, h, w, c = shape
    if first:
        return np.full((n, c, h, w), np.nan, np.float32).transpose(0, 2, 3, 1)
    return np.full(shape, np.nan, np.float32)


@pytest.mark.parametrize("first", [False, True], ids=["channels last", "channels first"])
@pytest.mark.parametrize("factors", ["one", "each", "none"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_images_become_the_bits_of_array_code(rng, shape, factors, first):
    size = shape[-1] if factors == "each" else 1
    multiplier = rng.uniform(0.5, 2, size).astype(np.float32) if factors != "none" else np.ones(1, np.float32)
    offset = rng.standard_normal(size).astype(np.float32) if factors != "none" else np.zeros(1, np.float32)
    target = target_of(shape, first)
    pixels = make_pixels(np.zeros(shape, np.uint8), target, multiplier, offset)
    for _ in range(2):
        images = rng.integers(0, 256, shape).astype(np.uint8)
        pixels.write(images)
        np.testing.assert_array_equal(target, images.astype(np.float32) * multiplier + offset)


def test_other_images_are_refused(rng):
    ones, zeros = np.ones(1, np.float32), np.zeros(1, np.float32)
    images = rng.integers(0, 256, (2, 4, 6, 3)).astype(np.uint8)
    pixels = make_pixels(images, target_of(images.shape, False), ones, zeros)
    for other in (images[:1], images[:, ::-1], images[..., ::-1]):
        with pytest.raises(ValueError, match=r"must be \(2, 4, 6, 3\) in C order"):
            pixels.write(other)


def test_a_place_of_another_shape_or_order_has_no_calls(rng):
    images, factors = np.zeros((2, 4, 6, 3), np.uint8), (np.full(3, 2, np.float32), np.ones(3, np.float32))
    assert make_pixels(images, np.empty((2, 4, 6, 4), np.float32), *factors) is None
    assert make_pixels(images[:0], np.empty((0, 4, 6, 3), np.float32), *factors) is None
    assert make_pixels(images, np.empty((2, 6, 4, 3), np.float32).transpose(0, 2, 1, 3), *factors) is None
