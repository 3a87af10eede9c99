from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mxtrain.data.packing import raw


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_a_raw_image_is_a_netpbm_file(rng, channels, mode):
    pixels = rng.integers(0, 256, (5, 300, channels), dtype=np.uint8)
    payload = raw.encode(pixels)
    assert payload.startswith(b"P5\n300 5\n255\n" if channels == 1 else b"P6\n300 5\n255\n")
    shape = raw.shape_of(payload)
    assert shape == (5, 300, channels) and str(shape) == f"5 x 300 x {channels}"
    np.testing.assert_array_equal(raw.decode(memoryview(payload), shape), pixels)
    with Image.open(io.BytesIO(payload)) as image:
        assert image.mode == mode
        np.testing.assert_array_equal(np.asarray(image).reshape(pixels.shape), pixels)


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"P6\n1 1\n255\n", b"P6\n1 1\n255\n1234", b"P6\n01 1\n255\n123", b"P6\n0 1\n255\n", b"P6 1 1 255\n123",
        b"P6\n# c\n1 1\n255\n123", b"P4\n1 1\n255\n1", b"P6\n99999999999 1\n255\n123", b"\xff\xd8\xff",
    ],
)  # fmt: skip
def test_what_is_not_raw(payload):
    assert raw.shape_of(payload) is None


@given(st.binary(max_size=40))
def test_any_bytes(payload):
    shape = raw.shape_of(payload)
    assert shape is None or len(payload) == len(shape.header) + shape.pixels


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]))
def test_round_trip(height, width, channels):
    pixels = np.arange(height * width * channels, dtype=np.uint8).reshape(height, width, channels)
    payload = raw.encode(pixels)
    assert raw.shape_of(payload) == pixels.shape
    assert raw.shape_of(payload[:-1]) is None and raw.shape_of(payload + b"x") is None
