"""Encoded images to (H, W, C) uint8: ordinary JPEGs by one of decoders/, all others by Pillow.

The orientation that EXIF asks for is always applied. The size is checked in the header, before anything of that size is
allocated. How much smaller a JPEG is decoded is decided here, for all decoders alike.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image as Pillow
from PIL import UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from mxtrain.base.errors import DataError
from mxtrain.data import decoders, jpeg
from mxtrain.data.augmenter import Image
from mxtrain.data.decoders import pillow
from mxtrain.data.files import read_file

PIXEL_LIMIT = 64_000_000
FILE_LIMIT = 512 << 20
DEFAULT_FORMATS = ("jpeg", "png")
FORMATS = {
    "jpeg": (".jpg", ".jpeg", ".jpe"),
    "png": (".png",),
    "bmp": (".bmp",),
    "gif": (".gif",),
    "ppm": (".ppm", ".pgm", ".pbm", ".pnm"),
    "webp": (".webp",),
}
"""Formats that can be asked for, and the endings of their files. Of an animated one the first frame is taken."""

# What Pillow raises on damaged files; its readers let through whatever the bytes make them stumble over.
_DAMAGE = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, EOFError, struct.error,
    zlib.error, NotImplementedError, Pillow.DecompressionBombError, Pillow.DecompressionBombWarning, UserWarning,
)  # fmt: skip
_ORIENTATION = 0x0112

# Pillow only warns of a bomb between one and two times its own limit: here it is an error, named with its file below.
# Its complaints about EXIF entries say nothing about the pixels.
warnings.filterwarnings("error", category=Pillow.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.TiffImagePlugin")


class Needs(NamedTuple):
    """What of an image is needed: less may be decoded then.

    Args:
        shrink: (height, width) -> how many times smaller the result may be. A JPEG is then decoded at 1/2, 1/4 or 1/8,
            the smallest that this allows: the rule does not depend on the decoder. None: whole.
        bottom: (height, width) of the result -> how many of its rows are needed. What is in those below is undefined,
            and what is wrong with the file there may go unseen. None: all.
    """

    shrink: Callable[[int, int], float] | None = None
    bottom: Callable[[int, int], int] | None = None


ALL = Needs()


def decode(
    content: bytes | memoryview | Path,
    channels: int = 3,
    *,
    name: str = "",
    formats: tuple[str, ...] = DEFAULT_FORMATS,
    needs: Needs = ALL,
    decoder: str | decoders.Decoder | None = None,
) -> Image:
    """Decode one image.

    Args:
        content: the file's bytes, or its path.
        channels: 1 (gray) or 3 (RGB).
        name: what to call it in an error; a path's default is itself.
        formats: formats to accept, whatever the file's name says.
        needs: what of it.
        decoder: one of decoders/, or its name; default: the fastest that is installed.

    Returns:
        (H, W, channels) uint8, contiguous.

    Raises:
        DataError: naming the image and what is wrong with it.
    """
    name = name or (str(content) if isinstance(content, Path) else "image")
    data = read(content)
    if not len(data):
        raise DataError(f"{name}: empty file; expected an image ({', '.join(formats)})")
    chosen = decoder if isinstance(decoder, decoders.Decoder) else decoders.load(decoder or decoders.best())
    try:
        head = jpeg.header(data) if chosen.jpeg and "jpeg" in formats else None
        pixels = _decoded(chosen.jpeg, data, head, channels, needs) if chosen.jpeg and head else None
        if pixels is not None:
            return pixels
        with Pillow.open(io.BytesIO(data), formats=[f.upper() for f in formats]) as image:
            width, height = image.size
            if width * height > PIXEL_LIMIT:
                limit = PIXEL_LIMIT // 1_000_000
                raise DataError(f"{width} x {height} pixels; at most {limit} million are decoded")
            turn = orientation(image.info.get("exif"))
            scale = _scale(width, height, turn, needs) if isinstance(image, JpegImageFile) else 1
            pixels = pillow.decode(image, channels, scale)
    except UnidentifiedImageError as error:
        raise DataError(
            f"{name}: not an image that is read here; expected {', '.join(formats)}, "
            f"the file begins with {bytes(data[:8]).hex(' ')}"
        ) from error
    except DataError as error:
        raise DataError(f"{name}: {error}") from error
    except _DAMAGE as error:
        raise DataError(f"{name}: damaged image: {str(error) or type(error).__name__}") from error
    return pixels if turn == 1 else np.ascontiguousarray(_turned(pixels, turn))


def _decoded(
    decode_jpeg: decoders.DecodeJpeg, data: bytes | memoryview, head: jpeg.Header, channels: int, needs: Needs
) -> Image | None:
    """An ordinary JPEG; None if the decoder leaves it to Pillow."""
    if head.width * head.height > PIXEL_LIMIT:
        return None
    turn = orientation(head.exif)
    scale = _scale(head.width, head.height, turn, needs)
    height, width = -(-head.height // scale), -(-head.width // scale)
    rows = needs.bottom(height, width) if needs.bottom and turn == 1 else height
    pixels = decode_jpeg(data, head, channels, scale, rows)
    return pixels if pixels is None or turn == 1 else np.ascontiguousarray(_turned(pixels, turn))


def read(content: bytes | memoryview | Path) -> bytes | memoryview:
    """The bytes of an encoded image.

    Raises:
        DataError: if its file cannot be read.
    """
    return read_file(content, FILE_LIMIT) if isinstance(content, Path) else content


def orientation(exif: bytes | None) -> int:
    """The EXIF orientation, 1 to 8; 1 (upright) if there is none or it cannot be read."""
    if not isinstance(exif, bytes):
        return 1
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    try:
        if order is None or struct.unpack_from(order + "H", tiff, 2)[0] != 42:
            return 1
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, number, value = struct.unpack_from(order + "HHIH", tiff, entry)
            if tag == _ORIENTATION:
                return value if kind == 3 and number == 1 and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def _scale(width: int, height: int, turn: int, needs: Needs) -> int:
    """By how much a JPEG's sides are divided: the most that leaves it as large as it must be."""
    if needs.shrink is None:
        return 1
    factor = min(needs.shrink(width, height) if turn >= 5 else needs.shrink(height, width), width, height)
    return 8 if factor >= 8 else 4 if factor >= 4 else 2 if factor >= 2 else 1


def _turned(pixels: Image, turn: int) -> Image:
    """The image upright (EXIF 2.3, tag Orientation: 2 to 8)."""
    if turn >= 5:
        pixels = pixels.transpose(1, 0, 2)
    down = turn in (3, 4, 7, 8)
    left = turn in (2, 3, 6, 7)
    return pixels[:: -1 if down else 1, :: -1 if left else 1]
