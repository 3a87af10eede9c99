from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mxtrain.data.packing.moments import Moments, add, mean_std, of_image, of_picture


def of(*images):
    return add(map(of_image, images))


def test_as_numpy_says(rng):
    images = [rng.integers(0, 256, (h, 7, 3), dtype=np.uint8) for h in (1, 5, 9)]
    flat = np.concatenate([i.reshape(-1, 3) for i in images]).astype(np.float64)
    mean, std = mean_std(of(*images))
    np.testing.assert_allclose(mean, flat.mean(0), rtol=1e-12)
    np.testing.assert_allclose(std, flat.std(0), rtol=1e-12)


@pytest.mark.parametrize("shape", [(5, 7), (300, 2), (5, 7, 3), (700, 3, 3)])
def test_a_picture_of_pillow_has_the_same(shape, rng):
    pixels = rng.integers(0, 256, shape, dtype=np.uint8)
    assert of_picture(Image.fromarray(pixels)) == of_image(pixels.reshape(*shape[:2], -1))


def test_gray_images_have_one_number(rng):
    images = [rng.integers(0, 9, (3, 4, 1), dtype=np.uint8) for _ in range(3)]
    mean, std = mean_std(of(*images))
    assert mean == (pytest.approx(np.mean(images)),) and std == (pytest.approx(np.std(images)),)


def test_gray_among_colour_counts_in_every_channel(rng):
    gray, colour = rng.integers(0, 256, (3, 4, 1), dtype=np.uint8), rng.integers(0, 256, (2, 2, 3), dtype=np.uint8)
    same = of(np.repeat(gray, 3, axis=2), colour)
    assert mean_std(of(gray, colour)) == mean_std(same)


def test_the_order_does_not_matter_and_nothing_is_rounded():
    dark = np.zeros((1000, 1000, 1), np.uint8)
    dark[0, 0] = 1
    mean, std = mean_std(add([of(dark)] * 1000))
    assert mean == (1e-6,) and std[0] == pytest.approx(1e-3, rel=1e-6)
    assert mean_std(of(np.full((9, 9, 3), 77, np.uint8))) == ((77.0,) * 3, (0.0,) * 3)


def test_no_pixels():
    assert mean_std(Moments()) is None and add([]) == Moments()


@pytest.mark.parametrize("height", [1, 255, 256, 257, 513])
def test_the_largest_sums(height, rng):
    bright = np.full((height, 3, 3), 255, np.uint8)
    assert of_image(bright) == Moments(
        pixels=3 * height, sums=(3 * height * 255,) * 3, squares=(3 * height * 255 * 255,) * 3
    )
    image = rng.integers(0, 256, (height, 4, 1), dtype=np.uint8)
    wide = image.astype(np.int64)
    assert of_image(image).gray == (4 * height, wide.sum(), (wide * wide).sum())
    assert of_image(np.repeat(image, 6, axis=2)[:, ::-1, ::2]) == of_image(np.repeat(image[:, ::-1], 3, axis=2))
