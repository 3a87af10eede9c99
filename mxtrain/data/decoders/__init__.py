"""Image decoders, one file each: the library that turns the bytes of a file into pixels.

data/image.py opens every file with Pillow, which decides what an image is, how large it may be and how it is turned;
then the chosen decoder gives the pixels, or leaves them to Pillow. Only their last bit can depend on the choice.
May import base and the rest of data. Begin with pillow.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from mxtrain.base.registry import Registry

PREFERRED = ("simplejpeg", "pillow")
"""The first of these that is installed decodes, unless a checkpoint names another."""


@dataclass(frozen=True)
class Decoder:
    """A library that decodes.

    Args:
        available: whether it is installed.
        decode: (image opened by Pillow and not loaded yet, bytes of its file, channels, scale) -> (H, W, channels)
            uint8 as stored, each side divided by `scale` and rounded up; None if it is not one for this library, or
            if anything is wrong with it: Pillow then says what. `scale` is 1 but for JPEGs: 1, 2, 4 or 8.
    """

    available: Callable[[], bool]
    decode: Callable[[Pillow.Image, bytes | memoryview, int, int], NDArray[np.uint8] | None]


REGISTRY: Registry[Decoder] = Registry("mxtrain.data.decoders", "DECODER", "image decoder")


@cache
def best() -> str:
    """The name of the fastest decoder that is installed."""
    return next(name for name in PREFERRED if REGISTRY.get(name).available())


@cache
def usable(name: str) -> str:
    """`name`, if there is such a decoder and it is installed; else pillow."""
    return name if name in REGISTRY and REGISTRY.get(name).available() else "pillow"


@cache
def load(name: str) -> Decoder:
    """The decoder called `name`, or Pillow's in its place."""
    return REGISTRY.get(usable(name))
