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


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, C) -> (h, w, C)."""
    h, w = _pixels.fitting(image.shape[0], image.shape[1], params.size)
    top, left = (image.shape[0] - h) // 2, (image.shape[1] - w) // 2
    return _pixels.resize(image[top : top + h, left : left + w], params.size, params.method)


def apply_batch(params: Params, images: Image, values: Values) -> Image:
    """(N, H, W, C) -> (N, h, w, C)."""
    h, w = params.size
    top, left = (images.shape[1] - h) // 2, (images.shape[2] - w) // 2
    return images[:, top : top + h, left : left + w]


AUGMENTER = Augmenter(Params, infer, apply, apply_batch)
