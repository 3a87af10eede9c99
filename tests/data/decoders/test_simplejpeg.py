from __future__ import annotations

import contextlib
import io
import tarfile
import warnings

import numpy as np
import pytest
from PIL import Image

from mxtrain.base.errors import DataError
from mxtrain.data import decoders, image, jpeg
from mxtrain.data.decoders import simplejpeg
from mxtrain.data.decoders.simplejpeg import DECODER

pytestmark = pytest.mark.skipif(not DECODER.available(), reason="simplejpeg is not installed")

# Bits of the last place that two releases of libjpeg-turbo may round differently; none of those of 2025 and 2026 do.
LAST_BIT = 1


def smooth(rng, height, width, channels=3):
    """Noise and slopes: what a photograph's JPEG holds, at every frequency."""
    slopes = np.add.outer(np.arange(height), np.arange(width))[:, :, None] * np.arange(1, channels + 1) % 256
    return np.clip(slopes + rng.normal(0, 30, (height, width, channels)), 0, 255).astype(np.uint8)


def both(data, channels=3, **options):
    """What the two decoders make of a file: pixels, or the text of the error."""
    found = []
    for name in ("pillow", "simplejpeg"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            try:
                found.append(image.decode(data, channels, name="x", decoder=name, **options))
            except DataError as error:
                found.append(str(error))
    return found


def check(data, channels=3, **options):
    """The two outcomes are the same."""
    slow, fast = both(data, channels, **options)
    assert type(slow) is type(fast)
    if isinstance(slow, str):
        assert slow == fast
    else:
        assert slow.shape == fast.shape
        assert np.abs(slow.astype(int) - fast).max() <= LAST_BIT
    return slow


def test_it_is_preferred():
    assert decoders.best() == "simplejpeg"


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"optimize": True}])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("channels", [1, 3])
def test_colour_as_pillow(channels, subsampling, options, rng, encode):
    data = encode(smooth(rng, 61, 83), "JPEG", subsampling=subsampling, quality=92, **options)
    for scale in (1, 2, 4, 8):
        assert check(data, channels, needs=image.Needs(lambda h, w, s=scale: s)).shape[0] == -(-61 // scale)


@pytest.mark.parametrize("channels", [1, 3])
def test_gray_as_pillow(channels, rng, encode):
    data = encode(smooth(rng, 61, 83, 1)[:, :, 0], "JPEG")
    for scale in (1, 2, 4, 8):
        check(data, channels, needs=image.Needs(lambda h, w, s=scale: s))


@pytest.mark.parametrize("keep_rgb", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
def test_rgb_inside_as_pillow(channels, keep_rgb, rng, encode):
    check(encode(smooth(rng, 40, 30), "JPEG", keep_rgb=keep_rgb), channels)


@pytest.mark.parametrize("height", [1, 2, 3, 7, 8, 9, 15, 16, 17])
@pytest.mark.parametrize("width", [1, 2, 5, 9, 16, 40])
def test_small_ones_get_the_same_scale(height, width, rng, encode):
    data = encode(smooth(rng, height, width), "JPEG", quality=95)
    for scale in (2, 4, 8):
        check(data, needs=image.Needs(lambda h, w, s=scale: s))


@pytest.mark.parametrize("value", range(1, 9))
def test_orientation_as_pillow(value, rng, encode):
    tags = Image.Exif()
    tags[0x0112] = value
    data = encode(smooth(rng, 24, 40), "JPEG", exif=tags)
    assert check(data).shape[:2] == ((40, 24) if value >= 5 else (24, 40))


@pytest.mark.parametrize("mode", ["CMYK", "L", "RGB"])
def test_cmyk_is_left_to_pillow(mode):
    stream = io.BytesIO()
    Image.new(mode, (20, 20), 77).save(stream, "JPEG")
    data = stream.getvalue()
    assert (jpeg.header(data) is None) == (mode == "CMYK")
    check(data)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP"])
def test_other_formats_are_left_to_pillow(kind, rng, encode):
    data = encode(smooth(rng, 9, 9), kind)
    assert jpeg.header(data) is None
    check(data, formats=(kind.lower(),))


@pytest.mark.parametrize("progressive", [False, True])
def test_truncated_as_pillow(progressive, rng, encode):
    data = encode(smooth(rng, 40, 40), "JPEG", progressive=progressive)
    for end in (*range(2, len(data) - 2, 37), len(data) - 2, len(data) - 1):
        check(data[:end])
    check(data + b"what follows the end")


@pytest.mark.parametrize("progressive", [False, True])
def test_damaged_as_pillow(progressive, rng, encode):
    data = encode(smooth(rng, 24, 24), "JPEG", progressive=progressive)
    kinds = set()
    for _ in range(300):
        broken = bytearray(data)
        for place in rng.integers(0, len(data), 3):
            broken[place] = rng.integers(256)
        slow, fast = both(bytes(broken))
        assert (type(slow), getattr(slow, "shape", slow)) == (type(fast), getattr(fast, "shape", fast))
        kinds.add(type(slow))
    assert kinds == {str, np.ndarray}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({5: 0xFF, 6: 0xFF, 7: 0xFF, 8: 0xFF}, "pixels"),
        ({5: 0x23, 6: 0x28, 7: 0x23, 8: 0x28}, "at most 64 million are decoded"),
        ({5: 0, 6: 0}, "x: "),
        ({4: 12}, "x: "),
        ({9: 2}, "x: "),
        ({1: 0xC3}, "x: "),
        ({1: 0xC9}, "x: "),
    ],
    ids=["enormous", "too large", "no height", "12 bits", "two components", "lossless", "arithmetic"],
)
def test_odd_headers_as_pillow(change, text, rng, encode):
    data = bytearray(encode(smooth(rng, 24, 24), "JPEG"))
    frame = data.index(b"\xff\xc0")
    for place, value in change.items():
        data[frame + place] = value
    slow = check(bytes(data))
    assert not isinstance(slow, str) or text in slow


def test_from_a_view(rng, encode):
    data = encode(smooth(rng, 20, 20), "JPEG")
    view = memoryview(b"before" + data)[6:]
    np.testing.assert_array_equal(image.decode(view, decoder="simplejpeg"), image.decode(data, decoder="simplejpeg"))


def test_memory_is_lent_from_one_image_to_the_next(rng, encode):
    large, small = (encode(smooth(rng, size, size), "JPEG") for size in (40, 30))
    own = image.decode(large, decoder="simplejpeg")
    with decoders.lending():
        first = image.decode(large, decoder="simplejpeg")
        np.testing.assert_array_equal(first, own)
        held = first.copy()
        second = image.decode(small, decoder="simplejpeg")
        assert np.shares_memory(first, second) and not np.array_equal(first, held)
        np.testing.assert_array_equal(second, image.decode(small, decoder="pillow"))
    assert not np.shares_memory(second, image.decode(small, decoder="simplejpeg"))


def test_no_memory_is_lent_for_the_largest():
    with decoders.lending():
        assert np.shares_memory(decoders.room(100), decoders.room(90)) and len(decoders.room(90)) == 90
        assert not np.shares_memory(decoders.room(1 << 25), decoders.room(1 << 25))
    assert not np.shares_memory(decoders.room(100), decoders.room(100))


@pytest.mark.parametrize(
    ("height", "width", "scale", "certain"), [(16, 16, 2, True), (2, 2, 2, False), (1, 1, 8, True)]
)
def test_when_a_size_tells_the_scale(height, width, scale, certain):
    assert simplejpeg._certain(height, width, scale) is certain


@pytest.mark.data
def test_real_jpegs_as_pillow(data_pack):
    with tarfile.open(data_pack / "images/imagenet-sample-300.tar") as tar:
        members = [m for m in tar if m.isfile()][::10]
        for member in members:
            data = tar.extractfile(member).read()
            for scale in (1, 2, 8):
                check(data, needs=image.Needs(lambda h, w, s=scale: s))


def upper(data, rows, channels=3, scale=1):
    """The rows that were asked for."""
    needs = image.Needs(lambda h, w: scale, lambda h, w: rows)
    return image.decode(data, channels, needs=needs, decoder="simplejpeg")[:rows]


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("lent", [True, False])
def test_rows_that_are_needed_are_as_in_the_whole(channels, subsampling, options, lent, rng, encode):
    data = encode(smooth(rng, 161, 83), "JPEG", subsampling=subsampling, quality=92, **options)
    for scale in (1, 2, 4, 8):
        whole = image.decode(data, channels, needs=image.Needs(lambda h, w, s=scale: s), decoder="simplejpeg")
        for rows in {1, 8, 9, 15, 16, 17, 20, 40, 100, 145, 161} & set(range(len(whole) + 1)):
            with decoders.lending() if lent else contextlib.nullcontext():
                np.testing.assert_array_equal(upper(data, rows, channels, scale), whole[:rows])


def test_the_size_is_that_of_the_whole(rng, encode):
    data = encode(smooth(rng, 161, 83), "JPEG")
    needs = image.Needs(lambda h, w: 2, lambda h, w: 3 if (h, w) == (81, 42) else pytest.fail(f"{h} x {w}"))
    assert image.decode(data, needs=needs, decoder="simplejpeg").shape == (81, 42, 3)


def test_rows_below_are_not_decoded(rng, encode):
    data = encode(smooth(rng, 400, 300), "JPEG")
    with decoders.lending():
        decoders.room(400 * 300 * 3)[:] = 7
        found = image.decode(data, needs=image.Needs(None, lambda h, w: 30), decoder="simplejpeg")
        assert (found[48:] == 7).all() and not (found[:30] == 7).all()


def test_damage_above_and_a_missing_end_are_seen(rng, encode):
    data = encode(smooth(rng, 400, 300), "JPEG")
    scan = data.index(b"\xff\xda") + 14
    above, below = bytearray(data), bytearray(data)
    above[scan + 2000 : scan + 2004] = b"\xff\xd9\xff\xd9"
    below[-2000:-1900] = rng.integers(0, 255, 100, dtype=np.uint8).tobytes()
    np.testing.assert_array_equal(upper(bytes(below), 30), image.decode(data)[:30])
    slow = image.decode(bytes(above), decoder="pillow")[:300]
    assert np.abs(upper(bytes(above), 300).astype(int) - slow).max() <= LAST_BIT
    with pytest.raises(DataError, match="truncated"):
        upper(data[:-5000], 30)


def test_a_release_that_leaves_nothing_in_the_buffer_decodes_all(monkeypatch, rng, encode):
    class Library:
        encode_jpeg = staticmethod(simplejpeg._library().encode_jpeg)

        @staticmethod
        def decode_jpeg(data, colorspace, buffer=None, **options):
            found = simplejpeg_decode(data, colorspace, **options)
            if buffer is not None:
                buffer[: found.size] = found.ravel()
            return found

    simplejpeg_decode = simplejpeg._library().decode_jpeg
    data = encode(smooth(rng, 161, 83), "JPEG")
    whole = image.decode(data, decoder="simplejpeg")
    assert simplejpeg._stops()
    monkeypatch.setattr(simplejpeg, "_library", lambda: Library)
    assert not simplejpeg._stops.__wrapped__()
    monkeypatch.setattr(simplejpeg, "_stops", lambda: False)
    np.testing.assert_array_equal(image.decode(data, needs=image.Needs(None, lambda h, w: 9)), whole)


def test_damaged_upper_rows_as_pillow(rng, encode):
    data = encode(smooth(rng, 90, 50), "JPEG", quality=90)
    kinds = set()
    for _ in range(600):
        broken = bytearray(data if rng.random() < 0.8 else data[: rng.integers(1, len(data))])
        for place in rng.integers(0, len(broken), 3):
            broken[place] = rng.choice([0, 0xC0, 0xD0, 0xD9, 0xDA, 0xFF, rng.integers(256)])
        rows = int(rng.integers(1, 60))
        slow, fast = both(bytes(broken), needs=image.Needs(None, lambda h, w, r=rows: min(r, h)))
        if isinstance(slow, str):
            assert slow == fast
        else:
            assert np.abs(slow[:rows].astype(int) - fast[:rows]).max(initial=0) <= LAST_BIT
        kinds.add(type(slow))
    assert kinds == {str, np.ndarray}


@pytest.mark.data
def test_upper_rows_of_real_jpegs(data_pack, rng):
    with tarfile.open(data_pack / "images/imagenet-sample-300.tar") as tar:
        for member in [m for m in tar if m.isfile()][::10]:
            data = tar.extractfile(member).read()
            for scale in (1, 2):
                whole = image.decode(data, needs=image.Needs(lambda h, w, s=scale: s))
                rows = int(rng.integers(1, len(whole) + 1))
                np.testing.assert_array_equal(upper(data, rows, 3, scale), whole[:rows])
