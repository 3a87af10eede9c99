"""rotate: turn an image about its centre, in its own size; corners that come from outside are filled."""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.data.augment import _warp
from mxtrain.data.augmenter import Augmenter, Image, ImageSpec, Values, Words


@declare
class Params:
    """Turn images by a random angle, or always by the same. Left out in evaluation, a fixed angle too."""

    degrees: _warp.Spread = param(
        doc="smallest and largest angle, counterclockwise, uniform between; v stands for -v to v, [v, v] is always v"
    )
    fill: int = param(0, ge=0, le=255, doc="value of the pixels from outside")
    method: _warp.Method = param("bilinear", doc="interpolation")


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """Unchanged."""
    return spec


def draw(params: Params, words: Words) -> Values:
    """(N, 1): the angle in degrees."""
    return _warp.draw_between(params.degrees, words)


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, C) -> (H, W, C); values: (1,)."""
    pull = _warp.about_centre(image.shape[0], image.shape[1], _warp.rotation(float(values[0])))
    return _warp.warp(image, pull, params.method, params.fill)


AUGMENTER = Augmenter(Params, infer, apply, words=1, draw=draw)
