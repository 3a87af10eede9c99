"""brightness: y = f * x, cut to 0 to 255 and down to a whole number. Bit for bit Pillow's ImageEnhance.Brightness."""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.data.augment import _colors
from mxtrain.data.augmenter import Augmenter, Image, ImageSpec, Values, Words


@declare
class Params:
    """Make images brighter or darker by a random factor. Left out in evaluation."""

    amount: float = param(ge=0, doc="the factor is uniform between max(0, 1 - amount) and 1 + amount")


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """Unchanged.

    Raises:
        ConfigError: if the images have another number of channels than 1 or 3.
    """
    return _colors.gray_or_color("brightness", spec)


def draw(params: Params, words: Words) -> Values:
    """(N, 1): the factor."""
    return _colors.draw_factors(params.amount, words)


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, C) -> (H, W, C); values: (1,)."""
    out: Image = _colors.brighter(image[None], values)[0]
    return out


def apply_batch(params: Params, images: Image, values: Values) -> Image:
    """(N, H, W, C) -> (N, H, W, C); values: (N, 1)."""
    return _colors.brighter(images, values)


AUGMENTER = Augmenter(Params, infer, apply, apply_batch, words=1, draw=draw)
