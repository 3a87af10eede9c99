"""color: to three channels."""

from __future__ import annotations

import numpy as np

from mxtrain.base.errors import ConfigError
from mxtrain.base.params import NoParams
from mxtrain.data.augmenter import Augmenter, Image, ImageSpec, Values


def infer(params: NoParams, spec: ImageSpec) -> ImageSpec:
    """Three channels.

    Raises:
        ConfigError: if the images have another number of channels than 1, 3 or 4.
    """
    if spec.channels not in (None, 1, 3, 4):
        raise ConfigError(f"color: works on images with 1, 3 or 4 channels, these have {spec.channels}")
    return ImageSpec(spec.height, spec.width, 3)


def apply(params: NoParams, image: Image, values: Values) -> Image:
    """(..., H, W, C) -> (..., H, W, 3): gray is repeated, a fourth channel (alpha) is left out."""
    return np.repeat(image, 3, axis=-1) if image.shape[-1] == 1 else image[..., :3]


AUGMENTER = Augmenter(NoParams, infer, apply, apply)
