from __future__ import annotations

import threading

import numpy as np
import pytest
from PIL import Image

from mxtrain.data import resizers
from mxtrain.data.resizers.pillow import RESIZER


def test_it_takes_the_place_of_what_is_not_there():
    assert RESIZER.available()
    assert resizers.usable("opencv") == "pillow"
    assert resizers.load("opencv") is RESIZER


def test_every_resizer_is_ranked():
    assert sorted(resizers.PREFERRED) == list(resizers.REGISTRY.names())


def test_which_one_is_in_use_on_this_thread():
    assert resizers.current() == resizers.best()
    seen = []
    with resizers.using("pillow"):
        assert resizers.current() == "pillow"
        with resizers.using("cykooz"):
            assert resizers.current() == "cykooz"
        other = threading.Thread(target=lambda: seen.append(resizers.current()))
        other.start()
        other.join()
    assert seen == [resizers.best()]
    assert resizers.current() == resizers.best()


@pytest.mark.parametrize("method", ["nearest", "bilinear", "bicubic", "lanczos", "area"])
@pytest.mark.parametrize("size", [(4, 9), (30, 12)])
def test_as_pillow(method, size, rng):
    image = rng.integers(0, 256, (17, 13, 3), dtype=np.uint8)
    names = {"area": "BOX"}
    expected = Image.fromarray(image).resize(size[::-1], Image.Resampling[names.get(method, method.upper())])
    np.testing.assert_array_equal(RESIZER.resize(image, size, method), np.asarray(expected))


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_other_numbers_of_channels_are_planes(channels, rng):
    image = rng.integers(0, 256, (17, 13, channels), dtype=np.uint8)
    out = RESIZER.resize(image, (8, 6), "bilinear")
    assert out.shape == (8, 6, channels)
    last = RESIZER.resize(image[:, :, -1:], (8, 6), "bilinear")
    np.testing.assert_array_equal(out[:, :, -1:], last)


def test_a_view_is_as_good(rng):
    image = rng.integers(0, 256, (17, 13, 3), dtype=np.uint8)
    view = image[2:15, ::-1][:, 1:9]
    np.testing.assert_array_equal(
        RESIZER.resize(view, (8, 6), "bilinear"), RESIZER.resize(view.copy(), (8, 6), "bilinear")
    )
