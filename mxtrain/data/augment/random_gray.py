"""random_gray: some images lose their colours (ITU-R 601 luma, as `gray`) but keep three channels."""

from __future__ import annotations

import numpy as np

from mxtrain.base.params import declare, param
from mxtrain.base.random import uniform
from mxtrain.data.augment import _colors
from mxtrain.data.augmenter import Augmenter, Image, ImageSpec, Values, Words


@declare
class Params:
    """Take the colours out of some of the images. Left out in evaluation."""

    probability: float = param(0.1, ge=0, le=1, doc="part of the images that become gray")


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """Unchanged.

    Raises:
        ConfigError: if the images have another number of channels than 3.
    """
    return _colors.only_color("random_gray", spec)


def draw(params: Params, words: Words) -> Values:
    """(N, 1): 1 for gray, 0 to leave."""
    values: Values = (uniform(words) < params.probability).astype(np.float32)
    return values


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, 3) -> (H, W, 3); values: (1,)."""
    return np.repeat(_colors.luma(image)[..., None], 3, axis=-1) if values[0] else image


def apply_batch(params: Params, images: Image, values: Values) -> Image:
    """(N, H, W, 3) -> (N, H, W, 3); values: (N, 1)."""
    chosen = np.flatnonzero(values[:, 0])
    out = images.copy()
    out[chosen] = _colors.luma(images[chosen])[..., None]
    return out


AUGMENTER = Augmenter(Params, infer, apply, apply_batch, words=1, draw=draw)
