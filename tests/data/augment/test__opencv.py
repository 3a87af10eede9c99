from __future__ import annotations

import numpy as np
import pytest

from mxtrain.data.augment import _opencv

METHODS = range(5)
IDENTITY = np.array([[1.0, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [(1, 1), (7, 40), (40, 7), (33, 31), (12, 10)])
def test_one_colour_stays(size, method):
    image = np.full((12, 10, 3), (3, 200, 255), np.uint8)
    assert (_opencv.resize(image, size, method) == (3, 200, 255)).all()


def test_linear_looks_at_the_two_pixels_next_to_the_middle():
    ramp = np.arange(0, 256, 2, dtype=np.uint8)[None, :, None]
    assert _opencv.resize(ramp, (1, 16), _opencv.LINEAR)[0, :, 0].tolist() == list(range(7, 256, 16))
    spike = np.zeros((1, 64, 1), np.uint8)
    spike[0, 0] = 255
    assert not _opencv.resize(spike, (1, 16), _opencv.LINEAR).any()


def test_area_is_the_mean_of_what_is_covered():
    image = np.array([[0, 0, 90, 90, 30]], np.uint8).T[..., None]
    assert _opencv.resize(image, (2, 1), _opencv.AREA).reshape(-1).tolist() == [18, 66]
    halves = np.array([[0, 1], [1, 0]], np.uint8)[..., None]
    assert _opencv.resize(halves, (1, 1), _opencv.AREA).item() == 1


def test_nearest_takes_the_pixel_before():
    ramp = np.arange(10, dtype=np.uint8)[None, :, None]
    assert _opencv.resize(ramp, (1, 4), _opencv.NEAREST).reshape(-1).tolist() == [0, 2, 5, 7]
    assert _opencv.resize(ramp, (2, 20), _opencv.NEAREST)[1, :, 0].tolist() == [n // 2 for n in range(20)]


@pytest.mark.parametrize("method", METHODS)
def test_warp_by_nothing_and_by_whole_pixels(method, rng):
    image = rng.integers(0, 256, (12, 10, 3), dtype=np.uint8)
    np.testing.assert_array_equal(_opencv.warp(image, IDENTITY, (12, 10), method, 7), image)
    moved = _opencv.warp(image, IDENTITY + [[0, 0, 2], [0, 0, -3]], (12, 13), method, 7)
    np.testing.assert_array_equal(moved[:9, 2:12], image[3:])
    assert (moved[9:] == 7).all()
    assert (moved[:, :2] == 7).all()
    assert (moved[:, 12:] == 7).all()


def test_warp_mixes_the_border_with_the_fill():
    white = np.full((4, 4, 1), 200, np.uint8)
    moved = _opencv.warp(white, IDENTITY + [[0, 0, 0.5], [0, 0, 0]], (4, 5), _opencv.LINEAR, 100)
    assert moved[0, :, 0].tolist() == [150, 200, 200, 200, 150]


@pytest.mark.parametrize(
    ("new", "method"),
    [((9, 9), _opencv.CUBIC), ((4, 4), _opencv.AREA), ((9, 4), _opencv.LINEAR), ((5, 9), _opencv.LINEAR)],
)
def test_nine_goes_by_the_sizes(new, method):
    assert _opencv.chosen(9, (5, 5), new) == method
    assert _opencv.chosen(4, (5, 5), new) == 4
