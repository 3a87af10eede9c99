"""Resizing and cutting of (H, W, C) arrays, shared by several augmenters."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.errors import ConfigError
from mxtrain.data import resizers
from mxtrain.data.augmenter import Image, ImageSpec
from mxtrain.data.resizers import pillow

Method = Literal["nearest", "bilinear", "bicubic", "lanczos", "area"]


def resize(image: Image, size: tuple[int, int], method: str) -> Image:
    """The image scaled to (height, width), antialiased when it shrinks, as Pillow does."""
    if image.shape[:2] == size:
        return image
    scaled = resizers.load(resizers.current()).resize(image, size, method)
    return pillow.resize(image, size, method) if scaled is None else scaled


def fitting(height: int, width: int, size: tuple[int, int]) -> tuple[int, int]:
    """The largest (height, width) with the shape of `size`, at most `size`, that fits in the image, as MXNet."""
    ratio = min(1.0, height / size[0], width / size[1])
    return max(1, int(size[0] * ratio)), max(1, int(size[1] * ratio))


def crop_spec(name: str, spec: ImageSpec, size: tuple[int, int], border: tuple[int, int] = (0, 0)) -> ImageSpec:
    """Spec after cutting `size` from images that were widened by `border` on each side.

    Raises:
        ConfigError: if images of a known size are smaller than that.
    """
    for side, have, want, extra in zip(("height", "width"), spec[:2], size, border, strict=True):
        if have is not None and have + 2 * extra < want:
            raise ConfigError(
                f"{name}: cannot cut {side} {want} from images of {side} {have + 2 * extra}; "
                "use a smaller size, or put resize or pad before it"
            )
    return ImageSpec(*size, spec.channels)


def windows(images: Image, tops: NDArray[np.int64], lefts: NDArray[np.int64], size: tuple[int, int]) -> Image:
    """One (h, w) window of each of (N, H, W, C) images, copied without a loop."""
    shape = (*size, images.shape[3])
    views = np.lib.stride_tricks.sliding_window_view(images, shape, axis=(1, 2, 3))
    result: Image = views[np.arange(len(images)), tops, lefts, 0]
    return result


def widened(images: Image, border: tuple[int, int], fill: int) -> Image:
    """Images (..., H, W, C) with a border of constant colour; themselves if the border is empty."""
    if not any(border):
        return images
    height, width, channels = images.shape[-3:]
    out = np.full((*images.shape[:-3], height + 2 * border[0], width + 2 * border[1], channels), fill, np.uint8)
    out[..., border[0] : border[0] + height, border[1] : border[1] + width, :] = images
    return out
