"""flip: mirror with a probability."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.params import declare, param
from mxtrain.base.random import uniform
from mxtrain.data.augmenter import Augmenter, Image, ImageSpec, Values, Words


@declare
class Params:
    """Mirror some of the images. Left out in evaluation."""

    probability: float = param(0.5, ge=0, le=1, doc="part of the images that are mirrored")
    direction: Literal["horizontal", "vertical"] = param("horizontal", doc="horizontal exchanges left and right")


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """Unchanged."""
    return spec


def draw(params: Params, words: Words) -> Values:
    """(N, 1): 1 to mirror, 0 to leave."""
    values: Values = (uniform(words) < params.probability).astype(np.float32)
    return values


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, C) -> (H, W, C); values: (1,)."""
    if not values[0]:
        return image
    return image[:, ::-1] if params.direction == "horizontal" else image[::-1]


def apply_batch(params: Params, images: Image, values: Values) -> Image:
    """(N, H, W, C) -> (N, H, W, C); values: (N, 1)."""
    chosen = np.flatnonzero(values[:, 0])
    out = images.copy()
    # Whole pixels are moved, not bytes: three times faster.
    pixels = out.view(f"V{out.shape[-1]}")[..., 0]
    pixels[chosen] = pixels[chosen][:, :, ::-1] if params.direction == "horizontal" else pixels[chosen][:, ::-1]
    return out


def mirror(params: Params, values: Values) -> NDArray[np.int32]:
    """(N, 2): which are mirrored left and right, and up and down."""
    found = np.zeros((len(values), 2), np.int32)
    found[:, 0 if params.direction == "horizontal" else 1] = values[:, 0] != 0
    return found


AUGMENTER = Augmenter(Params, infer, apply, apply_batch, words=1, draw=draw, mirror=mirror)
