"""cutout: cover square holes at random places; parts of a hole beyond the edge are lost.

DeVries, Taylor, "Improved regularization of convolutional neural networks with Cutout", 2017. The centre of a hole is
any pixel, all alike likely; a hole begins size // 2 pixels above and left of its centre.
"""

from __future__ import annotations

import numpy as np

from mxtrain.base.params import declare, param
from mxtrain.data.augmenter import Augmenter, Image, ImageSpec, Size, Values

_MOST_HOLES = 8


@declare
class Params:
    """Cover holes at random places. Left out in evaluation."""

    size: Size = param(doc="(height, width) of a hole in pixels")
    holes: int = param(1, ge=1, le=_MOST_HOLES, doc="holes per image; they may overlap")
    fill: int = param(0, ge=0, le=255, doc="value of the covered pixels")


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """Unchanged."""
    return spec


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, C) -> (H, W, C); values: (16,) eight pairs of a centre (vertical, horizontal) in [0, 1)."""
    out: Image = apply_batch(params, image[None], values[None])[0]
    return out


def apply_batch(params: Params, images: Image, values: Values) -> Image:
    """(N, H, W, C) -> (N, H, W, C); values: (N, 16)."""
    side = np.array(params.size)
    centres = values[:, : 2 * params.holes].reshape(-1, 2).astype(np.float64) * images.shape[1:3]
    begins = centres.astype(np.int64) - side // 2
    ends = begins + side
    corners = np.concatenate([np.maximum(begins, 0), ends], axis=1).tolist()
    out = images.copy()
    for number, (top, left, bottom, right) in enumerate(corners):
        out[number // params.holes, top:bottom, left:right] = params.fill
    return out


AUGMENTER = Augmenter(Params, infer, apply, apply_batch, words=2 * _MOST_HOLES)
