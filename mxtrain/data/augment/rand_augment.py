"""rand_augment: n operations, each one of 14 by chance, all of one strength.

Cubuk et al., "RandAugment: Practical automated data augmentation with a reduced search space", NeurIPS 2020. At
strength 30, as torchvision: shear 0.3; moves 150 / 331 of the width or height; 30 degrees; factors 0.1 to 1.9;
posterize to 4 bits; solarize all. The 14 operations, and how the strength scales them, are in _operations.py.
"""

from __future__ import annotations

import numpy as np

from mxtrain.base.params import declare, param
from mxtrain.base.random import uniform
from mxtrain.data.augment import _colors, _operations, _warp
from mxtrain.data.augmenter import Augmenter, Image, ImageSpec, Values, Words

_MOST = 8
_LARGEST = _operations.Largest(shear=0.3, part=150 / 331, pixels=None, degrees=30, enhance=0.9, bits=4)


@declare
class Params:
    """Do n random operations of 14, all of strength m. Left out in evaluation."""

    n: int = param(2, ge=1, le=_MOST, doc="operations per image; one may come twice")
    m: int = param(9, ge=0, lt=_operations.STRENGTHS, doc="strength of each, 0 (nearly nothing) to 30")
    fill: int = param(0, ge=0, le=255, doc="value of the pixels from outside")
    method: _warp.Method = param("bilinear", doc="interpolation; the papers' code uses nearest")


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """Unchanged.

    Raises:
        ConfigError: if the images have another number of channels than 1 or 3.
    """
    return _colors.gray_or_color("rand_augment", spec)


def draw(params: Params, words: Words) -> Values:
    """(N, 16): eight pairs, number of the operation and 1 for the negative sign."""
    values: Values = uniform(words)
    values[:, 0::2] = np.floor(values[:, 0::2] * len(_operations.OPERATIONS))
    values[:, 1::2] = values[:, 1::2] < 0.5
    return values


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, C) -> (H, W, C); values: (16,). On gray images the operation color changes nothing."""
    chosen = [(int(values[2 * i]), params.m, bool(values[2 * i + 1])) for i in range(params.n)]
    return _operations.run(image, chosen, _LARGEST, params.method, params.fill)


AUGMENTER = Augmenter(Params, infer, apply, words=2 * _MOST, draw=draw)
