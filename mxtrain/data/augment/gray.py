"""gray: to one channel (ITU-R 601 luma, in the integer arithmetic that Pillow uses)."""

from __future__ import annotations

from mxtrain.base.errors import ConfigError
from mxtrain.base.params import NoParams
from mxtrain.data.augment import _colors
from mxtrain.data.augmenter import Augmenter, Image, ImageSpec, Values


def infer(params: NoParams, spec: ImageSpec) -> ImageSpec:
    """One channel.

    Raises:
        ConfigError: if the images have another number of channels than 1, 3 or 4.
    """
    if spec.channels not in (None, 1, 3, 4):
        raise ConfigError(f"gray: works on images with 1, 3 or 4 channels, these have {spec.channels}")
    return ImageSpec(spec.height, spec.width, 1)


def apply(params: NoParams, image: Image, values: Values) -> Image:
    """(..., H, W, C) -> (..., H, W, 1); a fourth channel (alpha) is left out."""
    if image.shape[-1] == 1:
        return image
    return _colors.luma(image)[..., None]


AUGMENTER = Augmenter(NoParams, infer, apply, apply)
