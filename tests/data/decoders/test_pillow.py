from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from mxtrain.base.errors import DataError
from mxtrain.data import decoders
from mxtrain.data.decoders.pillow import DECODER, decode


def test_it_is_always_there():
    assert DECODER.available()
    assert decoders.usable("pillow") == "pillow"
    assert decoders.best() in decoders.PREFERRED


@pytest.mark.parametrize("name", ["nothing of that name", "os.system", "../pillow"])
def test_the_fastest_takes_the_place_of_what_is_not_there(name):
    assert decoders.usable(name) == decoders.best()
    assert decoders.load(name) is decoders.REGISTRY.get(decoders.best())
    assert f"{decoders.best()} does it" in decoders.replacement(name)
    assert decoders.replacement("pillow") == ""


def test_every_decoder_is_ranked_or_chosen_by_name():
    names = set(decoders.REGISTRY.names())
    assert names == {*decoders.PREFERRED, "nvjpeg"}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("scale", [1, 2, 4, 8])
def test_scale_and_channels(scale, channels, rng, encode):
    data = encode(rng.integers(0, 256, (50, 33, 3), dtype=np.uint8), "JPEG")
    out = decode(Image.open(io.BytesIO(data)), channels, scale)
    assert out.shape == (-(-50 // scale), -(-33 // scale), channels)
    assert out.dtype == np.uint8


def test_floats_are_refused(tmp_path):
    Image.fromarray(np.ones((2, 2), np.float32)).save(tmp_path / "a.tiff")
    with pytest.raises(DataError, match="floating-point"):
        decode(Image.open(tmp_path / "a.tiff"), 3, 1)
