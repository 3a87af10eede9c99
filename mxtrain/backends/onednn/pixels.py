"""Images as bytes to the floats that a net reads, on all cores: convert, then x * multiplier + offset in place."""

from __future__ import annotations

import ctypes as c
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.backends.onednn.library import Algorithm, Arg, library
from mxtrain.backends.onednn.primitive import MemoryDesc, PrimitiveDesc, attributes, desc, describe, prepared, strided
from mxtrain.base.types import TensorType
from mxtrain.graph import Call

WIDE = 256
"""Elements of a row that are enough for the library's loops: of a narrower image, one row is the whole image."""


class Pixels:
    """The prepared calls for one kind of images and one place; `make_pixels` makes them.

    Args:
        shape: (N, H, W, C) of the images.
        calls: the first reads the images.
    """

    def __init__(self, shape: tuple[int, ...], calls: list[Call]) -> None:
        self.shape, self.calls = shape, calls
        self._source = calls[0][1][0].memories[0]

    def write(self, images: NDArray[np.uint8]) -> None:
        """Write the floats of images (N, H, W, C) in C order.

        Raises:
            ValueError: if they are of another shape, or not in C order.
            RuntimeError: if the library fails.
        """
        if images.shape != self.shape or not images.flags.c_contiguous:
            raise ValueError(f"images must be {self.shape} in C order, got {images.shape}")
        library().dnnl_memory_set_data_handle(self._source, c.c_void_p(images.ctypes.data))
        for function, args in self.calls:
            if status := function(*args):
                raise RuntimeError(f"oneDNN could not convert images {self.shape}: status {status}")


def make_pixels(
    images: NDArray[np.uint8], target: NDArray[np.float32], multiplier: NDArray[np.float32],
    offset: NDArray[np.float32],
) -> Pixels | None:  # fmt: skip
    """The calls; None where the library has no fast ones.

    Args:
        images: (N, H, W, C), any of the kind.
        target: (N, H, W, C), channels last or channels first in memory.
        multiplier: of one element or one per channel.
        offset: likewise.
    """
    n, h, w, channels = images.shape
    steps = tuple(s // target.itemsize for s in target.strides)
    if not images.size or target.shape != images.shape:
        return None
    convert = describe(
        "reorder", strided(images.shape, "uint8", (h * w * channels, w * channels, channels, 1)),
        strided(target.shape, "float32", steps),
    )  # fmt: skip
    if convert is None:
        return None
    calls = [prepared(convert, {Arg.SRC: target, Arg.DST: target})]  # `write` says where the images lie
    factors = [np.resize(np.asarray(v, np.float32), channels) for v in (multiplier, offset)]
    if (factors[0] == 1).all() and not factors[1].any():
        return Pixels(images.shape, calls)
    whole: tuple[int, ...]
    one: tuple[int, ...]
    if target.flags.c_contiguous:
        width = w * channels if w * channels >= WIDE else h * w * channels
        whole, one = (target.size // width, width), (1, width)
        each = [np.tile(f, width // channels) for f in factors]
    elif target.transpose(0, 3, 1, 2).flags.c_contiguous:
        whole, one, each = (n, channels, h * w), (1, channels, 1), factors
    else:
        return None
    scale = _affine(whole, one)
    if scale is None:
        return None
    arrays: dict[int, Any] = {Arg.SRC: target, Arg.SRC_1: each[0], Arg.DST: target}
    arrays[Arg.POST_OP_BASE | Arg.SRC_1] = each[1]
    return Pixels(images.shape, [*calls, prepared(scale, arrays)])


def _affine(whole: tuple[int, ...], one: tuple[int, ...]) -> PrimitiveDesc | None:
    """x * multiplier + offset, in place, over a tensor of these axes; the factors broadcast."""
    x, factor = desc(TensorType(whole)), desc(TensorType(one))
    added: tuple[str, Algorithm, MemoryDesc] = ("binary", Algorithm.ADD, factor)
    return describe("binary", Algorithm.MUL, x, factor, x, attr=attributes(added))
