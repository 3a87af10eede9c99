"""pillow: scales images of any number of channels with every method."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from mxtrain.data.resizers import Resizer

_METHODS = {
    "nearest": Pillow.Resampling.NEAREST,
    "bilinear": Pillow.Resampling.BILINEAR,
    "bicubic": Pillow.Resampling.BICUBIC,
    "lanczos": Pillow.Resampling.LANCZOS,
    "area": Pillow.Resampling.BOX,
}


def resize(image: NDArray[np.uint8], size: tuple[int, int], method: str) -> NDArray[np.uint8]:
    """(H, W, C) -> (height, width, C); four channels are colour and alpha, and alpha weighs the colours."""
    height, width = size
    filters = _METHODS[method]
    if image.shape[2] in (3, 4):
        return np.asarray(Pillow.fromarray(np.ascontiguousarray(image)).resize((width, height), filters))
    planes = (Pillow.fromarray(np.ascontiguousarray(image[:, :, c])) for c in range(image.shape[2]))
    return np.stack([np.asarray(plane.resize((width, height), filters)) for plane in planes], axis=2)


def available() -> bool:
    """Always."""
    return True


RESIZER = Resizer(available, resize)
