"""pad: add a border."""

from __future__ import annotations

from typing import Literal

import numpy as np

from mxtrain.base.errors import ConfigError
from mxtrain.base.params import declare, param
from mxtrain.data.augment import _pixels
from mxtrain.data.augmenter import Augmenter, Border, Image, ImageSpec, Values


@declare
class Params:
    """Add a border."""

    border: Border = param(doc="pixels added above and below, left and right")
    mode: Literal["constant", "edge", "reflect"] = param("constant", doc="what the border shows")
    fill: int = param(0, ge=0, le=255, doc="value of the added pixels (constant)")


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """Larger by twice the border.

    Raises:
        ConfigError: if images of a known size are too small to be reflected that far.
    """
    sides = list(spec[:2])
    for axis, (side, extra) in enumerate(zip(spec[:2], params.border, strict=True)):
        if side is None:
            continue
        if params.mode == "reflect" and extra >= side:
            raise ConfigError(
                f"pad: cannot reflect {extra} pixels of images of {spec}; use a border below {side}, or mode: edge"
            )
        sides[axis] = side + 2 * extra
    return ImageSpec(sides[0], sides[1], spec.channels)


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, C) or (N, H, W, C), with larger H and W."""
    if params.mode == "constant":
        return _pixels.widened(image, params.border, params.fill)
    around = [(0, 0)] * (image.ndim - 3) + [(params.border[0],) * 2, (params.border[1],) * 2, (0, 0)]
    return np.pad(image, around, params.mode)


AUGMENTER = Augmenter(Params, infer, apply, apply)
