"""shear: slant an image about its centre, x' = x + h * y and then y' = y + v * x', in its own size."""

from __future__ import annotations

import numpy as np

from mxtrain.base.params import declare, param
from mxtrain.data.augment import _warp
from mxtrain.data.augmenter import Augmenter, Image, ImageSpec, Values, Words


@declare
class Params:
    """Slant images by a random ratio. Left out in evaluation."""

    horizontal: _warp.Spread = param(
        doc="smallest and largest h, in pixels to the right per pixel down, uniform between; s stands for -s to s"
    )
    vertical: _warp.Spread = param((0.0, 0.0), doc="smallest and largest v, in pixels down per pixel to the right")
    fill: int = param(0, ge=0, le=255, doc="value of the pixels from outside")
    method: _warp.Method = param("bilinear", doc="interpolation")


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """Unchanged."""
    return spec


def draw(params: Params, words: Words) -> Values:
    """(N, 2): h and v."""
    ranges = (params.horizontal, params.vertical)
    return np.stack([_warp.draw_between(r, words[:, i]) for i, r in enumerate(ranges)], axis=1)


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, C) -> (H, W, C); values: (2,)."""
    h, v = float(values[0]), float(values[1])
    pull = _warp.about_centre(image.shape[0], image.shape[1], (1.0, h, v, 1.0 + h * v))
    return _warp.warp(image, pull, params.method, params.fill)


AUGMENTER = Augmenter(Params, infer, apply, words=2, draw=draw)
