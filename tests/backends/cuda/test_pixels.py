"""Images to floats on the device, against the host's own way."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.backends.cuda.pixels import SOURCE, Window, pixels
from mxtrain.base.types import CHANNELS_LAST, PLAIN, TensorType, view
from mxtrain.data.augment.flip import Params as FlipParams
from mxtrain.data.augment.flip import apply_batch as flip
from mxtrain.data.augment.random_crop import Params as CropParams
from mxtrain.data.augment.random_crop import apply_batch as crop
from mxtrain.data.augmenter import Finish
from tests.backends.cuda.test_fake import needs_compiler

pytestmark = needs_compiler
FINISH = {
    "plain": Finish(),
    "one": Finish((10.0,), (255.0,)),
    "each": Finish((123.7, 116.3, 103.5), (58.4, 57.1, 57.4), 2.0),
}


def on_device(device, a):
    held = device.zeros(a.nbytes).view(a.dtype).reshape(a.shape)
    device.put(held, a)
    return held


def run(call):
    function, args = call
    assert function(*args) == 0


@pytest.mark.parametrize("name", FINISH)
@pytest.mark.parametrize("layout", [PLAIN, CHANNELS_LAST])
def test_the_same_floats_as_on_the_host(device, rng, name, layout):
    images, finish = rng.integers(0, 256, (5, 7, 6, 3), np.uint8), FINISH[name]
    expected = np.empty(images.shape, np.float32)
    finish.apply(images, expected)
    t = TensorType((5, 3, 7, 6), "float32", layout)
    target = view(device.zeros(t.nbytes), t)
    run(pixels(device, on_device(device, images), target, finish.affine()))
    np.testing.assert_array_equal(device.fetch(target).transpose(0, 2, 3, 1), expected)


def test_a_window_that_was_drawn_mirrored_and_padded(device, rng):
    images = rng.integers(0, 256, (6, 8, 9, 3), np.uint8)
    params = CropParams(size=(7, 8), pad=(2, 3), fill=9)
    draws, mirrored = rng.random((6, 2), np.float32), (rng.random((6, 1)) < 0.5).astype(np.float32)
    expected = flip(FlipParams(), crop(params, images, draws), mirrored)
    room = np.array([8 + 4 - 7 + 1, 9 + 6 - 8 + 1])
    places = np.zeros((6, 4), np.int32)
    places[:, :2] = (draws.astype(np.float64) * room).astype(np.int64)
    places[:, 2] = mirrored[:, 0]
    t = TensorType((6, 4, 7, 8), "float32", CHANNELS_LAST)
    target = view(device.zeros(t.nbytes), t)
    target[...] = 7
    window = Window((2, 3), 9, on_device(device, places))
    run(pixels(device, on_device(device, images), target, Finish().affine(), window))
    got = device.fetch(target).transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(got[..., :3], expected)
    assert not got[..., 3].any()


@pytest.mark.parametrize(("dtype", "tolerance"), [("float16", 1e-3), ("bfloat16", 1e-2)])
def test_narrow_types(device, rng, dtype, tolerance):
    from mxtrain.base.bfloat16 import widen

    images = rng.integers(0, 256, (2, 4, 4, 3), np.uint8)
    t = TensorType((2, 8, 4, 4), dtype, CHANNELS_LAST)
    target = view(device.zeros(t.nbytes), t)
    run(pixels(device, on_device(device, images), target, FINISH["one"].affine(), dtype=dtype))
    got = device.fetch(target)
    got = widen(got) if dtype == "bfloat16" else got.astype(np.float32)
    expected = (images.transpose(0, 3, 1, 2) - 10.0) / 255.0
    np.testing.assert_allclose(got[:, :3], expected, rtol=tolerance, atol=tolerance)
    assert not got[:, 3:].any()


def test_channels_that_do_not_fit(device):
    images = device.zeros(12).reshape(1, 2, 2, 3)
    with pytest.raises(ValueError, match="do not fit"):
        pixels(device, images, device.zeros(32).view(np.float32).reshape(1, 2, 2, 2), Finish().affine())


def test_every_parameter_is_known():
    assert set(SOURCE.kernels) == {"pixels"} and len(SOURCE.kernels["pixels"]) == 20
