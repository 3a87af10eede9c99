"""simplejpeg: decodes JPEGs of 8 bits in gray or colour, with a libjpeg-turbo of its own: no file object, no copies.

It and Pillow both run the accurate integer IDCT and smooth upsampling of libjpeg-turbo, so their pixels are equal while
the releases they contain agree; a test bounds the difference.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.data import decoders
from mxtrain.data.decoders import Decoder
from mxtrain.data.jpeg import Header

_EIGHTHS = {1: 8, 2: 4, 4: 2, 8: 1}


@cache
def _library() -> Any:
    """The library, or None if it is not installed, or does not fit this Python."""
    try:
        return importlib.import_module("simplejpeg")
    except ImportError:
        return None


def available() -> bool:
    """True if the package simplejpeg can be imported."""
    return _library() is not None


def decode(data: bytes | memoryview, head: Header, channels: int, scale: int) -> NDArray[np.uint8] | None:
    """(H, W, channels); None for what is damaged, or too small to be scaled for certain."""
    height, width = -(-head.height // scale), -(-head.width // scale)
    if scale > 1 and not _certain(head.height, head.width, scale):
        return None
    least = {"min_height": height, "min_width": width} if scale > 1 else {}
    try:
        pixels: NDArray[np.uint8] = _library().decode_jpeg(
            data, "GRAY" if channels == 1 else "RGB", buffer=decoders.room(height * width * channels), **least
        )
    except ValueError:
        # It stops at what libjpeg calls a warning. Whether that is an error, Pillow decides.
        return None
    return pixels if pixels.shape == (height, width, channels) else None


def _certain(height: int, width: int, scale: int) -> bool:
    """True if asking for the smallest result of at least this size gives this scale: the library takes any eighths."""
    eighths = _EIGHTHS[scale]
    return any(-(-side * (eighths - 1) // 8) < -(-side // scale) for side in (height, width))


DECODER = Decoder(available, decode)
