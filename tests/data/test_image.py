from __future__ import annotations

import io
import struct
import tarfile
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from mxtrain.base.errors import DataError
from mxtrain.data import image


def exif(value, order="<"):
    mark = {"<": b"II", ">": b"MM"}[order]
    return b"Exif\0\0" + mark + struct.pack(order + "HIHHHIHHI", 42, 8, 1, 0x0112, 3, 1, value, 0, 0)


def png_header(width, height):
    """The beginning of a PNG that claims a size and holds next to nothing."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["PNG", "BMP", "PPM", "WEBP"])
def test_lossless_formats_come_back_exactly(kind, rng, encode):
    pixels = rng.integers(0, 256, (7, 9, 3), dtype=np.uint8)
    data = encode(pixels, kind, **({"lossless": True} if kind == "WEBP" else {}))
    np.testing.assert_array_equal(image.decode(data, formats=(kind.lower(),)), pixels)


def test_jpeg_as_pillow(rng, encode):
    data = encode(rng.integers(0, 256, (33, 47, 3), dtype=np.uint8), "JPEG")
    np.testing.assert_array_equal(image.decode(data, decoder="pillow"), np.asarray(Image.open(io.BytesIO(data))))


def test_from_a_path_and_from_memory(tmp_path, rng, encode):
    data = encode(rng.integers(0, 256, (7, 9, 3), dtype=np.uint8))
    (tmp_path / "a.png").write_bytes(data)
    np.testing.assert_array_equal(image.decode(tmp_path / "a.png"), image.decode(memoryview(data)))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
def test_every_mode_becomes_gray_or_colour(mode, channels, tmp_path):
    kind = "jpg" if mode == "CMYK" else "png"
    Image.new(mode, (6, 5), 0).save(tmp_path / f"a.{kind}")
    out = image.decode(tmp_path / f"a.{kind}", channels)
    assert out.shape == (5, 6, channels)
    assert out.dtype == np.uint8
    assert np.ptp(out) == 0


def test_sixteen_bits_keep_the_upper_eight(tmp_path):
    Image.fromarray(np.array([[0, 255, 256, 65535]], np.uint16)).save(tmp_path / "a.png")
    assert image.decode(tmp_path / "a.png", 1)[0, :, 0].tolist() == [0, 0, 1, 255]


def test_alpha_is_dropped(encode):
    data = encode(np.array([[[10, 20, 30, 0], [40, 50, 60, 255]]], np.uint8))
    assert image.decode(data).tolist() == [[[10, 20, 30], [40, 50, 60]]]


def test_a_palette_with_transparency(tmp_path):
    picture = Image.new("P", (2, 1))
    picture.putpalette([1, 2, 3, 4, 5, 6])
    picture.putpixel((1, 0), 1)
    picture.save(tmp_path / "a.png", transparency=b"\x00\xff")
    assert image.decode(tmp_path / "a.png").tolist() == [[[1, 2, 3], [4, 5, 6]]]


def test_gray_stays_gray(rng, encode):
    pixels = rng.integers(0, 256, (7, 9), dtype=np.uint8)
    data = encode(pixels)
    np.testing.assert_array_equal(image.decode(data, 1)[:, :, 0], pixels)
    np.testing.assert_array_equal(image.decode(data, 3), np.repeat(pixels[:, :, None], 3, 2))


def test_the_first_frame_of_an_animation(tmp_path):
    frames = [Image.new("L", (4, 4), v) for v in (10, 200)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert image.decode(tmp_path / "a.gif", 1, formats=("gif",)).max() == 10
    with pytest.raises(DataError, match=r"a\.gif: not an image that is read here; expected jpeg, png"):
        image.decode(tmp_path / "a.gif")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_exif_orientation(value, order, kind, tmp_path):
    pixels = np.kron(np.arange(6, dtype=np.uint8).reshape(2, 3) * 40, np.ones((8, 8), np.uint8))
    path = tmp_path / "a"
    Image.fromarray(pixels).save(path, kind, exif=exif(value, order))
    np.testing.assert_array_equal(image.decode(path, 1)[:, :, 0], np.asarray(ImageOps.exif_transpose(Image.open(path))))


@given(st.binary(max_size=64) | st.binary(max_size=64).map(lambda b: b"II*\0\x08\0\0\0" + b))
def test_any_exif_gives_an_orientation(data):
    assert 1 <= image.orientation(data) <= 8


def test_no_exif():
    assert image.orientation(None) == 1
    assert image.orientation(exif(9)) == 1


@pytest.mark.parametrize(("factor", "scale"), [(1, 1), (1.9, 1), (2, 2), (3.9, 2), (4, 4), (100, 8)])
@pytest.mark.parametrize(("height", "width"), [(64, 96), (65, 97), (71, 100)])
def test_jpegs_are_decoded_at_a_power_of_two(factor, scale, height, width, encode):
    data = encode(np.full((height, width, 3), 99, np.uint8), "JPEG")
    asked = []
    out = image.decode(data, needs=image.Needs(lambda h, w: asked.append((h, w)) or factor))
    assert asked == [(height, width)]
    assert out.shape == (-(-height // scale), -(-width // scale), 3)


def test_shrink_sees_the_upright_size(encode):
    data = encode(np.zeros((64, 96, 3), np.uint8), "JPEG", exif=exif(6))
    asked = []
    assert image.decode(data, needs=image.Needs(lambda h, w: asked.append((h, w)) or 2)).shape == (48, 32, 3)
    assert asked == [(96, 64)]


def test_other_formats_are_not_shrunk(encode):
    assert image.decode(encode(np.zeros((64, 96, 3), np.uint8)), needs=image.Needs(lambda h, w: 8)).shape == (64, 96, 3)


@pytest.mark.parametrize(("width", "height"), [(65_000, 65_000), (9_000, 8_000), (10_001, 10_000)])
def test_bombs_are_refused_by_their_header(width, height):
    with pytest.raises(DataError, match="bomb:.*pixels"):
        image.decode(png_header(width, height), name="bomb")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "empty file"),
        (b"\0" * 500, "not an image"),
        (b"hello, this is text", "not an image"),
        (b"\xff\xd8\xff", "(not an image|damaged)"),
        (b"SIMPLE  =                    T" + b" " * 80, "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not an image"),
    ],
)
def test_what_is_no_image(data, text):
    with pytest.raises(DataError, match=f"^x: .*{text}"):
        image.decode(data, name="x")


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_truncated_anywhere(kind, rng, encode):
    data = encode(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8), kind)
    for end in (4, 20, 100, len(data) // 2, len(data) - 200):
        with pytest.raises(DataError, match="^x: "):
            image.decode(data[:end], name="x")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "PPM"])
def test_any_damage_gives_pixels_or_an_error(kind, rng, encode):
    data = encode(rng.integers(0, 256, (20, 20, 3), dtype=np.uint8), kind)
    for _ in range(150):
        broken = bytearray(data)
        for place in rng.integers(0, len(data), 3):
            broken[place] = rng.integers(256)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            try:
                out = image.decode(bytes(broken), name="x", formats=(kind.lower(),))
            except DataError as error:
                assert str(error).startswith("x: ")
            else:
                assert out.dtype == np.uint8
                assert out.shape[2] == 3


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match="gone.png: no such file"):
        image.decode(tmp_path / "gone.png")


@pytest.mark.data
def test_real_jpegs(data_pack):
    with tarfile.open(data_pack / "images/imagenet-sample-300.tar") as tar:
        for name, channels in (("n02096051_Airedale.JPEG", 1), ("n01440764_tench.JPEG", 3)):
            member = next(m for m in tar if m.name.endswith(name))
            data = tar.extractfile(member).read()
            out = image.decode(data, channels)
            assert out.shape[2] == channels
            assert out.std() > 20
            small = image.decode(data, channels, needs=image.Needs(lambda h, w: 4))
            assert small.shape[0] == -(-out.shape[0] // 4)
            assert abs(small.mean() - out.mean()) < 1
