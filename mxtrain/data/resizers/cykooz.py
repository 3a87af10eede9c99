"""cykooz: the package cykooz-resizer, Pillow's bilinear convolution with vector instructions: a third of its time.

Its other filters are not Pillow's: where they overshoot it rounds in another order, and its box takes other pixels.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.data.resizers import Resizer

_PIXELS = {1: "U8", 3: "U8x3"}


@cache
def _library() -> Any:
    """The library, or None if it is not installed, or does not fit this Python."""
    try:
        return importlib.import_module("cykooz_resizer")
    except ImportError:
        return None


def available() -> bool:
    """True if the package cykooz-resizer can be imported."""
    return _library() is not None


@cache
def _options() -> Any:
    library = _library()
    bilinear = library.ResizeAlg.convolution(library.FilterType.bilinear)
    return library.ResizeOptions(resize_alg=bilinear, use_alpha=False)


def resize(image: NDArray[np.uint8], size: tuple[int, int], method: str) -> NDArray[np.uint8] | None:
    """(H, W, C) -> (height, width, C), bilinear; None for other methods, and for colour with alpha."""
    channels = image.shape[2]
    if method != "bilinear" or channels == 4:
        return None
    if channels in _PIXELS:
        return _scaled(image, size)
    return np.concatenate([_scaled(image[:, :, c : c + 1], size) for c in range(channels)], axis=2)


def _scaled(image: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """(H, W, 1 or 3) -> (height, width, 1 or 3)."""
    height, width, channels = image.shape
    library = _library()
    kind = getattr(library.PixelType, _PIXELS[channels])
    source = library.ImageData(width, height, kind, image.tobytes())
    target = library.ImageData(size[1], size[0], kind)
    # One for each call: threads would wait for each other at one that they share.
    library.Resizer().resize(source, target, _options())
    return np.frombuffer(target.get_buffer(), np.uint8).reshape(*size, channels)


RESIZER = Resizer(available, resize)
