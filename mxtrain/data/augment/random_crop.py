"""random_crop: cut a window at a random place, if asked from a padded image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.params import declare, param
from mxtrain.data.augment import _pixels
from mxtrain.data.augmenter import Augmenter, Border, Image, ImageSpec, Size, Values, Window


@declare
class Params:
    """Cut a window at a random place. In evaluation the middle is cut, without a border."""

    size: Size = param(doc="(height, width) of the result")
    pad: Border = param((0, 0), doc="pixels added first, above and below, left and right")
    fill: int = param(0, ge=0, le=255, doc="value of the added pixels")
    method: _pixels.Method = param("bilinear", doc="interpolation for images that are too small")


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """The size asked for."""
    return _pixels.crop_spec("random_crop", spec, params.size, params.pad)


def _box(params: Params, height: int, width: int, values: Values) -> tuple[int, int, int, int]:
    """(top, left, height, width) of the window, border included."""
    h, w = _pixels.fitting(height, width, params.size)
    return int(float(values[0]) * (height - h + 1)), int(float(values[1]) * (width - w + 1)), h, w


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, C) -> (h, w, C); values: (2,) vertical and horizontal place in [0, 1)."""
    image = _pixels.widened(image, params.pad, params.fill)
    top, left, h, w = _box(params, image.shape[0], image.shape[1], values)
    return _pixels.resize(image[top : top + h, left : left + w], params.size, params.method)


def apply_batch(params: Params, images: Image, values: Values) -> Image:
    """(N, H, W, C) -> (N, h, w, C); values: (N, 2)."""
    images = _pixels.widened(images, params.pad, params.fill)
    places = _places(params, images.shape[1], images.shape[2], values)
    return _pixels.windows(images, places[:, 0], places[:, 1], params.size)


def _places(params: Params, height: int, width: int, values: Values) -> NDArray[np.int64]:
    """(N, 2) top and left in images of this size, border included."""
    room = np.array([height - params.size[0] + 1, width - params.size[1] + 1])
    places: NDArray[np.int64] = (values.astype(np.float64) * room).astype(np.int64)
    return places


def window(params: Params, spec: ImageSpec, values: Values) -> Window | None:
    """The same as places in images with a border; None if images would have to be enlarged."""
    if spec.height is None or spec.width is None:
        return None
    height, width = spec.height + 2 * params.pad[0], spec.width + 2 * params.pad[1]
    if height < params.size[0] or width < params.size[1]:
        return None
    return Window(params.size, params.pad, params.fill, _places(params, height, width, values).astype(np.int32))


def bottom(params: Params, height: int, width: int, values: Values) -> int:
    """Where the window ends; with a border, all rows."""
    if any(params.pad):
        return height
    top, _, h, _ = _box(params, height, width, values)
    return top + h


def at_eval(params: Params) -> tuple[tuple[str, dict[str, Any]], ...]:
    """The middle."""
    return (("center_crop", {"size": params.size, "method": params.method}),)


AUGMENTER = Augmenter(Params, infer, apply, apply_batch, words=2, at_eval=at_eval, bottom=bottom, window=window)
