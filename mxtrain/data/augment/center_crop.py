"""center_crop: cut the middle out."""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.data.augment import _pixels
from mxtrain.data.augmenter import Augmenter, Image, ImageSpec, Size, Values


@declare
class Params:
    """Cut the middle out. Of an image that is too small, the largest piece of that shape is scaled up, as MXNet."""

    size: Size = param(doc="(height, width) of the result")
    method: _pixels.Method = param("bilinear", doc="interpolation for images that are too small")


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """The size asked for."""
    return _pixels.crop_spec("center_crop", spec, params.size)


def _box(params: Params, height: int, width: int) -> tuple[int, int, int, int]:
    """(top, left, height, width) of the piece."""
    h, w = _pixels.fitting(height, width, params.size)
    return (height - h) // 2, (width - w) // 2, h, w


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, C) -> (h, w, C)."""
    top, left, h, w = _box(params, image.shape[0], image.shape[1])
    return _pixels.resize(image[top : top + h, left : left + w], params.size, params.method)


def apply_batch(params: Params, images: Image, values: Values) -> Image:
    """(N, H, W, C) -> (N, h, w, C)."""
    h, w = params.size
    top, left = (images.shape[1] - h) // 2, (images.shape[2] - w) // 2
    return images[:, top : top + h, left : left + w]


def bottom(params: Params, height: int, width: int, values: Values) -> int:
    """Where the piece ends."""
    top, _, h, _ = _box(params, height, width)
    return top + h


AUGMENTER = Augmenter(Params, infer, apply, apply_batch, bottom=bottom)
