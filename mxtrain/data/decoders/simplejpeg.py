"""simplejpeg: decodes JPEGs of 8 bits in gray or colour, with a libjpeg-turbo of its own: no file object, no copies.

It and Pillow both run the accurate integer IDCT and smooth upsampling of libjpeg-turbo, so their pixels are equal while
the releases they contain agree; a test bounds the difference.
"""

from __future__ import annotations

import importlib
import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.data import decoders, jpeg
from mxtrain.data.decoders import Decoder
from mxtrain.data.jpeg import Header

_EIGHTHS = {1: 8, 2: 4, 4: 2, 8: 1}

_LEFT_OUT = "extraneous bytes before marker"
"""What it says first if it met nothing wrong before rows that a file no longer speaks of."""


@cache
def _library() -> Any:
    """The library, or None if it is not installed, or does not fit this Python."""
    try:
        return importlib.import_module("simplejpeg")
    except ImportError:
        return None


def lacks() -> tuple[str, ...]:
    """The package simplejpeg, if it cannot be imported."""
    return () if _library() else ("simplejpeg is not installed; `pip install 'mxtrain[fast]'` brings it",)


def decode(data: bytes | memoryview, head: Header, channels: int, scale: int, rows: int) -> NDArray[np.uint8] | None:
    """(H, W, channels); None for what is damaged in these rows, or too small to be scaled for certain."""
    height, width = -(-head.height // scale), -(-head.width // scale)
    if rows < height and _stops():
        shorter, decoded = jpeg.cut(data, head, rows * scale)
        if decoded < head.height and _certain(decoded, head.width, scale):
            return _upper(shorter, -(-decoded // scale), (height, width, channels), scale)
    if not _certain(head.height, head.width, scale):
        return None
    try:
        pixels = _decode(data, (height, width, channels), scale, decoders.room(height * width * channels))
    except ValueError:
        # It stops at what libjpeg calls a warning. Whether that is an error, Pillow decides.
        return None
    return pixels if pixels.shape == (height, width, channels) else None


def _upper(data: Any, rows: int, shape: tuple[int, int, int], scale: int) -> NDArray[np.uint8] | None:
    """An array of `shape` of which the first `rows` are filled from a file that has no more."""
    memory = decoders.room(math.prod(shape))
    try:
        _decode(data, (rows, *shape[1:]), scale, memory)
    except ValueError as error:
        if _LEFT_OUT not in str(error):
            return None
    return memory.reshape(shape)


def _decode(data: Any, shape: tuple[int, int, int], scale: int, memory: NDArray[np.uint8]) -> NDArray[np.uint8]:
    least = {"min_height": shape[0], "min_width": shape[1]} if scale > 1 else {}
    pixels: NDArray[np.uint8] = _library().decode_jpeg(data, "GRAY" if shape[2] == 1 else "RGB", buffer=memory, **least)
    return pixels


@cache
def _stops() -> bool:
    """True if this release leaves the rows in the buffer when it complains of what lies behind them."""
    library = _library()
    slope = np.repeat(np.add.outer(np.arange(64), np.arange(16)).astype(np.uint8)[:, :, None], 3, axis=2)
    data = library.encode_jpeg(slope)
    head = jpeg.header(data)
    if head is None or not head.unit:
        return False
    found = np.zeros(slope.size, np.uint8)
    try:
        library.decode_jpeg(jpeg.cut(data, head, 9)[0], "RGB", buffer=found)
    except ValueError as error:
        rows = 9 * slope.shape[1] * slope.shape[2]
        return _LEFT_OUT in str(error) and found[:rows].tobytes() == library.decode_jpeg(data, "RGB").tobytes()[:rows]
    return False


def _certain(height: int, width: int, scale: int) -> bool:
    """True if asking for the smallest result of at least this size gives this scale: the library takes any eighths."""
    eighths = _EIGHTHS[scale]
    return scale == 1 or any(-(-side * (eighths - 1) // 8) < -(-side // scale) for side in (height, width))


DECODER = Decoder(lacks, decode)
