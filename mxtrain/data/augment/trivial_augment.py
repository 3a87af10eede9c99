"""trivial_augment: one operation, one of 14 by chance, of a strength by chance.

Mueller, Hutter, "TrivialAugment: Tuning-free yet state-of-the-art data augmentation", ICCV 2021, its wide ranges. At
strength 30: shear 0.99; moves 32 pixels; 135 degrees; factors 0.01 to 1.99; posterize to 2 bits; solarize all. The
strength is any of 0 to 30, the 14 operations, and how the strength scales them, are in _operations.py.
"""

from __future__ import annotations

import numpy as np

from mxtrain.base.params import declare, param
from mxtrain.base.random import uniform
from mxtrain.data.augment import _colors, _operations, _warp
from mxtrain.data.augmenter import Augmenter, Image, ImageSpec, Values, Words

_LARGEST = _operations.Largest(shear=0.99, part=0.0, pixels=32, degrees=135, enhance=0.99, bits=6)


@declare
class Params:
    """Do one random operation of 14, of random strength. Left out in evaluation."""

    fill: int = param(0, ge=0, le=255, doc="value of the pixels from outside")
    method: _warp.Method = param("bilinear", doc="interpolation; the paper's code uses nearest")


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """Unchanged.

    Raises:
        ConfigError: if the images have another number of channels than 1 or 3.
    """
    return _colors.gray_or_color("trivial_augment", spec)


def draw(params: Params, words: Words) -> Values:
    """(N, 3): number of the operation, strength, 1 for the negative sign."""
    values: Values = uniform(words)
    values[:, 0] = np.floor(values[:, 0] * len(_operations.OPERATIONS))
    values[:, 1] = np.floor(values[:, 1] * _operations.STRENGTHS)
    values[:, 2] = values[:, 2] < 0.5
    return values


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, C) -> (H, W, C); values: (3,). On gray images the operation color changes nothing."""
    chosen = [(int(values[0]), int(values[1]), bool(values[2]))]
    return _operations.run(image, chosen, _LARGEST, params.method, params.fill)


AUGMENTER = Augmenter(Params, infer, apply, words=3, draw=draw)
