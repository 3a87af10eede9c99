"""Encoded images to (H, W, C) uint8, with Pillow.

The orientation that EXIF asks for is always applied. Alpha is dropped, as MXNet (OpenCV) does; of 16 bits the upper 8
remain.
The size is checked in the header, before anything of that size is allocated.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from mxtrain.base.errors import DataError
from mxtrain.data.augmenter import Image
from mxtrain.data.files import read_file

DECODER = "pillow"
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
_TURNS = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT, 3: Pillow.Transpose.ROTATE_180, 4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE, 6: Pillow.Transpose.ROTATE_270, 7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}  # fmt: skip
_ORIENTATION = 0x0112

# Pillow only warns of a bomb between one and two times its own limit: here it is an error, named with its file below.
# Its complaints about EXIF entries say nothing about the pixels.
warnings.filterwarnings("error", category=Pillow.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.TiffImagePlugin")

Shrink = Callable[[int, int], float]


def decode(
    content: bytes | memoryview | Path,
    channels: int = 3,
    *,
    name: str = "",
    formats: tuple[str, ...] = DEFAULT_FORMATS,
    shrink: Shrink | None = None,
) -> Image:
    """Decode one image.

    Args:
        content: the file's bytes, or its path.
        channels: 1 (gray) or 3 (RGB).
        name: what to call it in an error; a path's default is itself.
        formats: formats to accept, whatever the file's name says.
        shrink: (height, width) -> how many times smaller the result may be. A JPEG is then decoded at 1/2, 1/4 or 1/8,
            the smallest that this allows: the rule does not depend on the decoder.

    Returns:
        (H, W, channels) uint8.

    Raises:
        DataError: naming the image and what is wrong with it.
    """
    name = name or (str(content) if isinstance(content, Path) else "image")
    data = read_file(content, FILE_LIMIT) if isinstance(content, Path) else content
    if not len(data):
        raise DataError(f"{name}: empty file; expected an image ({', '.join(formats)})")
    try:
        with Pillow.open(io.BytesIO(data), formats=[f.upper() for f in formats]) as image:
            _check_size(image, name)
            if shrink or channels == 1:
                _draft(image, channels, shrink)
            image.load()
            turn = _TURNS.get(orientation(image.info.get("exif")))
            flat = _converted(image, channels, name)
            return _array(flat if turn is None else flat.transpose(turn), channels)
    except UnidentifiedImageError as error:
        raise DataError(
            f"{name}: not an image that is read here; expected {', '.join(formats)}, "
            f"the file begins with {bytes(data[:8]).hex(' ')}"
        ) from error
    except _DAMAGE as error:
        raise DataError(f"{name}: damaged image: {str(error) or type(error).__name__}") from error


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


def _check_size(image: Pillow.Image, name: str) -> None:
    width, height = image.size
    if width * height > PIXEL_LIMIT:
        raise DataError(f"{name}: {width} x {height} pixels; at most {PIXEL_LIMIT // 1_000_000} million are decoded")


def _draft(image: Pillow.Image, channels: int, shrink: Shrink | None) -> None:
    """Have a JPEG decoded smaller, and without colour if none is wanted. Nothing happens to other formats."""
    width, height = image.size
    turned = orientation(image.info.get("exif")) >= 5
    factor = (shrink(width, height) if turned else shrink(height, width)) if shrink else 1.0
    scale = max(s for s in (1, 2, 4, 8) if s == 1 or s <= min(factor, width, height))
    image.draft("L" if channels == 1 else None, (width // scale, height // scale))


def _converted(image: Pillow.Image, channels: int, name: str) -> Pillow.Image:
    """The image in mode L or RGB."""
    if image.mode.startswith("I"):
        deep = np.asarray(image).astype(np.int64)
        image = Pillow.fromarray((np.clip(deep, 0, 65535) >> 8).astype(np.uint8))
    elif image.mode == "F":
        raise DataError(f"{name}: pixels are floating-point numbers; expected 8 or 16 bits")
    elif image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    return image.convert("L" if channels == 1 else "RGB")


def _array(image: Pillow.Image, channels: int) -> Image:
    pixels = np.asarray(image)
    return pixels[:, :, None] if channels == 1 else pixels
