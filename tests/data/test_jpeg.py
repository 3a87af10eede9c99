"""The header of a JPEG, against what Pillow reads in it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from mxtrain.data.jpeg import cut, header


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"comment": b"x" * 300}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("channels", [1, 3])
def test_size_and_colours(options, channels, rng, encode):
    pixels = rng.integers(0, 256, (20, 30, channels), dtype=np.uint8)
    data = encode(pixels[:, :, 0] if channels == 1 else pixels, "JPEG", **options)
    found = header(data)
    assert found == header(memoryview(data)) and found[:4] == (30, 20, channels, None)
    assert found.frame == max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    whole = not options.get("progressive") and not options.get("restart_marker_rows")
    assert found.unit == (0 if not whole else 16 if channels == 3 else 8)


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_a_cut_file_shows_the_upper_rows(subsampling, rng, encode):
    pixels = rng.integers(0, 256, (100, 30, 3), dtype=np.uint8)
    data = encode(pixels, "JPEG", subsampling=subsampling)
    head = header(data)
    unit = 16 if subsampling == "4:2:0" else 8
    assert head.unit == unit
    whole = np.asarray(Image.open(io.BytesIO(data)))
    for rows in (1, 7, 8, 9, 16, 17, 40, 70, 84, 85, 100):
        shorter, height = cut(data, head, rows)
        upper = np.asarray(Image.open(io.BytesIO(shorter)))
        assert len(upper) == height == min(100, -(-rows // unit) * unit + unit)
        assert len(shorter) == len(data)
        np.testing.assert_array_equal(upper[:rows], whole[:rows])
    assert cut(data, head, 100)[0] is data


@pytest.mark.parametrize("options", [{"progressive": True}, {"restart_marker_rows": 1}])
def test_what_cannot_be_cut_stays_whole(options, rng, encode):
    data = encode(rng.integers(0, 256, (100, 30, 3), dtype=np.uint8), "JPEG", **options)
    assert cut(data, header(data), 1) == (data, 100)


def test_colours_in_scans_of_their_own_cannot_be_cut(rng, encode):
    data = bytearray(encode(rng.integers(0, 256, (100, 30, 3), dtype=np.uint8), "JPEG"))
    data[data.index(b"\xff\xda") + 4] = 1
    assert header(bytes(data)).unit == 0


def test_exif_is_what_pillow_finds(rng, encode):
    tags = Image.Exif()
    tags[0x0112] = 6
    data = encode(rng.integers(0, 256, (8, 9, 3), dtype=np.uint8), "JPEG", exif=tags)
    found = header(data)
    assert found is not None and found.exif == Image.open(io.BytesIO(data)).info["exif"]
    at = data.index(b"\xff\xe1")
    block = data[at : at + 4 + len(found.exif or b"") - 2 + 2]
    assert header(data[:at] + block + data[at:]) is None, "two blocks are left to Pillow"


def test_what_is_no_ordinary_jpeg(rng, encode):
    data = encode(rng.integers(0, 256, (8, 9, 3), dtype=np.uint8), "JPEG")
    frame = data.index(b"\xff\xc0")
    for at, value in ((0, 0), (frame + 1, 0xC3), (frame + 4, 12), (frame + 9, 2), (frame + 3, 1), (frame, 0)):
        assert header(data[:at] + bytes([value]) + data[at + 1 :]) is None
    nothing = data[: frame + 5] + b"\0\0" + data[frame + 7 :]
    assert header(nothing) is None, "no height"
    scan = data.index(b"\xff\xda")
    assert header(data[: scan + 4]) is not None
    for end in range(scan + 4):
        assert header(data[:end]) is None
    png = encode(rng.integers(0, 256, (8, 9, 3), dtype=np.uint8), "PNG")
    assert header(png) is None and header(b"") is None


def test_any_damage_gives_a_header_or_none(rng, encode):
    data = encode(rng.integers(0, 256, (8, 9, 3), dtype=np.uint8), "JPEG")
    for _ in range(2000):
        broken = bytearray(data[: rng.integers(2, len(data))])
        for place in rng.integers(0, len(broken), 3):
            broken[place] = rng.integers(256)
        found = header(bytes(broken))
        assert found is None or (found.width > 0 and found.height > 0 and found.channels in (1, 3))
