"""affine: rotate, move, scale and slant an image at once, with one resampling, in its own size.

out = centre + shift + scale * R(degrees) * (x + shear * y, y), where (x, y) is the place in the input measured from its
centre: it is slanted first, then turned and scaled, then moved.
"""

from __future__ import annotations

from typing import Annotated, Self

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from mxtrain.base.params import declare, param
from mxtrain.data.augment import _warp
from mxtrain.data.augmenter import Augmenter, Image, ImageSpec, Values, Words

Part = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]


def _both(value: object) -> object:
    return (value, value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Parts = Annotated[tuple[Part, Part], BeforeValidator(_both, json_schema_input_type=float | tuple[float, float])]


@declare
class Params:
    """Rotate, move, scale and slant images at once, each by a random amount. Left out in evaluation."""

    degrees: _warp.Spread = param((0.0, 0.0), doc="smallest and largest angle, counterclockwise; v stands for -v to v")
    translate: Parts = param(
        (0.0, 0.0), doc="largest move either way, vertical and horizontal, as part of height and width; one for both"
    )
    scale: Annotated[tuple[Positive, Positive], AfterValidator(_warp.in_order)] = param(
        (1.0, 1.0), doc="smallest and largest factor, uniform between; above 1 enlarges"
    )
    shear: _warp.Spread = param(
        (0.0, 0.0), doc="smallest and largest slant, in pixels to the right per pixel down; s stands for -s to s"
    )
    fill: int = param(0, ge=0, le=255, doc="value of the pixels from outside")
    method: _warp.Method = param("bilinear", doc="interpolation")

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not any((*self.degrees, *self.translate, *self.shear)) and self.scale == (1.0, 1.0):
            raise ValueError("changes nothing; give at least one of degrees, translate, scale and shear")
        return self


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """Unchanged."""
    return spec


def draw(params: Params, words: Words) -> Values:
    """(N, 5): angle, moves (vertical, horizontal) as parts of the size, scale, slant."""
    down, right = params.translate
    ranges = (params.degrees, (-down, down), (-right, right), params.scale, params.shear)
    return np.stack([_warp.draw_between(r, words[:, i]) for i, r in enumerate(ranges)], axis=1)


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, C) -> (H, W, C); values: (5,)."""
    height, width = image.shape[:2]
    degrees, down, right, scale, slant = (float(v) for v in values)
    xx, xy, yx, yy = (scale * r for r in _warp.rotation(degrees))
    linear = (xx, xx * slant + xy, yx, yx * slant + yy)
    pull = _warp.about_centre(height, width, linear, (right * width, down * height))
    return _warp.warp(image, pull, params.method, params.fill)


AUGMENTER = Augmenter(Params, infer, apply, words=5, draw=draw)
