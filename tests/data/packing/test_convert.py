from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from mxtrain.base.errors import DataError
from mxtrain.data.packing import raw
from mxtrain.data.packing.convert import Recipe, convert, middle, stored_channels
from mxtrain.data.packing.moments import of_image


@pytest.fixture
def file(tmp_path, encode):
    def make(pixels, kind="PNG", **options):
        path = tmp_path / "image"
        path.write_bytes(encode(pixels, kind, **options))
        return path

    return make


def shown(payload):
    with Image.open(io.BytesIO(payload)) as image:
        return image.format, image.mode, image.size


def pixels_of(made):
    return raw.decode(made.payload, made.shape)


def test_encodings(file, rng):
    pixels = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    path = file(pixels)
    made = convert(path, Recipe("raw"))
    np.testing.assert_array_equal(raw.decode(made.payload, raw.Shape(20, 30, 3)), pixels)
    assert made.shape == pixels.shape and made.moments == of_image(pixels)
    assert shown(convert(path, Recipe("png")).payload) == ("PNG", "RGB", (30, 20))
    with Image.open(io.BytesIO(convert(path, Recipe("png")).payload)) as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)
    small, large = (convert(path, Recipe("jpeg", quality)).payload for quality in (30, 95))
    assert shown(large) == ("JPEG", "RGB", (30, 20)) and len(small) < len(large)
    assert convert(path, Recipe("keep")).payload == path.read_bytes()


def test_gray_stays_gray(file, rng):
    path = file(rng.integers(0, 256, (8, 9), dtype=np.uint8), "JPEG")
    assert shown(convert(path, Recipe()).payload) == ("JPEG", "L", (9, 8))
    assert shown(convert(path, Recipe(channels=3)).payload) == ("JPEG", "RGB", (9, 8))
    colour = file(rng.integers(0, 256, (8, 9, 3), dtype=np.uint8))
    assert convert(colour, Recipe("raw", channels=1)).shape == (8, 9, 1)


@pytest.mark.parametrize(
    ("mode", "kind", "channels"),
    [
        ("L", "PNG", 1), ("LA", "PNG", 1), ("1", "PNG", 1), ("I;16", "PNG", 1), ("P", "PNG", 3), ("RGBA", "PNG", 3),
        ("L", "JPEG", 1), ("RGB", "JPEG", 3), ("CMYK", "JPEG", 3), ("L", "BMP", 1), ("RGB", "BMP", 3), ("L", "GIF", 3),
    ],
)  # fmt: skip
def test_stored_channels(mode, kind, channels):
    stream = io.BytesIO()
    Image.new(mode, (4, 4)).save(stream, kind)
    formats = ("jpeg", "png", "bmp", "gif")
    found = stored_channels(stream.getvalue(), formats)
    assert found == (channels if mode != "L" or kind != "GIF" else found)
    assert stored_channels(stream.getvalue()[:5], formats) == 3


def test_resize_and_crop(file, rng):
    path = file(rng.integers(0, 256, (40, 80, 3), dtype=np.uint8))
    assert convert(path, Recipe("raw", resize=10)).shape == (10, 20, 3)
    assert convert(path, Recipe("raw", resize=50)).shape == (50, 100, 3)
    assert convert(path, Recipe("raw", resize=10, crop=True)).shape == (10, 10, 3)
    square, whole = (pixels_of(convert(path, Recipe("raw", crop=crop))) for crop in (True, False))
    np.testing.assert_array_equal(square, whole[:, 20:60])
    pixels = middle(whole)
    np.testing.assert_array_equal(middle(pixels.transpose(1, 0, 2)), pixels.transpose(1, 0, 2))


def test_orientation_is_applied_unless_files_are_kept(tmp_path, rng):
    path = tmp_path / "turned.jpg"
    image = Image.fromarray(rng.integers(0, 256, (10, 30, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(path, "JPEG", exif=exif)
    assert convert(path, Recipe("raw")).shape == (30, 10, 3)
    assert shown(convert(path, Recipe()).payload)[2] == (10, 30)
    assert convert(path, Recipe("keep")).payload == path.read_bytes()


def test_what_it_cannot_do(tmp_path, file, rng):
    empty = tmp_path / "empty.jpg"
    empty.write_bytes(b"")
    text = tmp_path / "text.jpg"
    text.write_bytes(b"not an image at all")
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(file(rng.integers(0, 256, (50, 50, 3), dtype=np.uint8), "JPEG").read_bytes()[:500])
    for path, problem in (
        (empty, "empty file"), (text, "not an image"), (cut, "damaged image"), (tmp_path / "gone", "no such file"),
        (tmp_path, "not a regular file"),
    ):  # fmt: skip
        for encode in ("jpeg", "keep"):
            with pytest.raises(DataError, match=problem) as raised:
                convert(path, Recipe(encode))
            assert str(raised.value).startswith(f"{path}: ")
    wide = file(np.zeros((1, 70_000), np.uint8))
    with pytest.raises(DataError, match="1 x 70000 pixels cannot be stored as jpeg"):
        convert(wide, Recipe())
    assert convert(wide, Recipe("raw")).shape == (1, 70_000, 1)
