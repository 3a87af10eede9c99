"""Images as bytes to the floats that a net reads, on the device: window, mirror, normalise, convert, in one pass."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mxtrain.backends.cuda.launch import STORAGE, Kernel, blocks, launch
from mxtrain.backends.cuda.source import source
from mxtrain.base.device import Device
from mxtrain.base.types import numpy_dtype
from mxtrain.graph import Call

SOURCE = source(__file__, {"T": STORAGE})


class Window(NamedTuple):
    """A piece of each image.

    Args:
        border: pixels thought of above and at the left of an image, which places count from.
        fill: value of what lies outside of an image.
        places: (N, 4) int32 on the device: top, left, mirrored left and right, mirrored up and down; None: all 0.
    """

    border: tuple[int, int] = (0, 0)
    fill: int = 0
    places: Any = None


WHOLE = Window()


def pixels(
    device: Device, images: Any, target: Any, affine: tuple[NDArray[np.float32], NDArray[np.float32]],
    window: Window = WHOLE, *, dtype: str = "float32",
) -> Call:  # fmt: skip
    """The prepared call.

    Args:
        images: (N, H, W, C) uint8, C order, on the device.
        target: (N, C or more, h, w), any strides; channels that images do not have become 0.
        affine: multiplier and offset, of one element or one per channel.
        dtype: of the target.

    Raises:
        ValueError: if the target has fewer channels than the images.
    """
    n, height, width, channels = images.shape
    _, padded, h, w = target.shape
    if padded < channels or len(target) != n:
        raise ValueError(f"images {images.shape} do not fit into {target.shape}")
    factors = []
    for values in affine:
        held = device.zeros(values.nbytes).view(np.float32)
        device.put(held, values)
        factors.append(held)
    size = numpy_dtype(dtype).itemsize
    strides = [s // size for s in target.strides]
    numbers = [n, height, width, channels, h, w, *window.border, window.fill, len(affine[0]), padded]
    args = [images, target, *factors, window.places, *numbers, *strides]
    return launch(device, Kernel(SOURCE, "pixels", {"T": dtype}), blocks(n * h * w, most=1 << 16), args)
