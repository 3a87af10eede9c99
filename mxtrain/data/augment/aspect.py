"""aspect: change the proportions of what an image shows, in its own size, about its centre.

Widths are multiplied by 2 r / (1 + r) and heights by 2 / (1 + r), as MXNet 1.9.1 does with its aspect ratio r; the side
that shrinks is filled, of the side that grows the ends are lost. For a new size and no border: random_resized_crop.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from mxtrain.base.params import declare, param
from mxtrain.data.augment import _warp
from mxtrain.data.augmenter import Augmenter, Image, ImageSpec, Values, Words


def _around_one(value: Any) -> Any:
    return (1 - value, 1 + value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Positive = Annotated[float, Field(gt=0)]
Ratios = Annotated[
    tuple[Positive, Positive],
    BeforeValidator(_around_one, json_schema_input_type=float | tuple[float, float]),
    AfterValidator(_warp.in_order),
]


@declare
class Params:
    """Stretch images one way and squeeze them the other by a random ratio. Left out in evaluation."""

    ratio: Ratios = param(
        doc="smallest and largest r, width over height, uniform between; v (below 1) stands for 1 - v to 1 + v"
    )
    fill: int = param(0, ge=0, le=255, doc="value of the pixels from outside")
    method: _warp.Method = param("bilinear", doc="interpolation")


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """Unchanged."""
    return spec


def draw(params: Params, words: Words) -> Values:
    """(N, 1): the ratio."""
    return _warp.draw_between(params.ratio, words)


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, C) -> (H, W, C); values: (1,)."""
    ratio = float(values[0])
    linear = (2 * ratio / (1 + ratio), 0.0, 0.0, 2 / (1 + ratio))
    pull = _warp.about_centre(image.shape[0], image.shape[1], linear)
    return _warp.warp(image, pull, params.method, params.fill)


AUGMENTER = Augmenter(Params, infer, apply, words=1, draw=draw)
