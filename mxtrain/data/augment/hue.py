"""hue: turn the colours along the colour circle.

The hue of Pillow's HSV, one byte that wraps around, is moved by the whole part of 255 * shift, as torchvision does.
"""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.data.augment import _colors, _warp
from mxtrain.data.augmenter import Augmenter, Image, ImageSpec, Values, Words


@declare
class Params:
    """Turn the colours along the colour circle by a random part of it. Left out in evaluation."""

    amount: float = param(ge=0, le=0.5, doc="the shift is uniform between -amount and amount; 1 is the whole circle")


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """Unchanged.

    Raises:
        ConfigError: if the images have another number of channels than 3.
    """
    return _colors.only_color("hue", spec)


def draw(params: Params, words: Words) -> Values:
    """(N, 1): the shift."""
    return _warp.draw_between((-params.amount, params.amount), words)


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, 3) -> (H, W, 3); values: (1,)."""
    return _colors.hue_shifted(image, float(values[0]))


AUGMENTER = Augmenter(Params, infer, apply, words=1, draw=draw)
