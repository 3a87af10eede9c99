"""color_jitter: brightness, contrast, saturation and hue, each by its own random amount, in a random order.

Each is what the augmenter of its name does; the order is one of the 24, all alike likely. torchvision's ColorJitter;
MXNet 1.9.1 has the same without the hue.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np

from mxtrain.base.errors import ConfigError
from mxtrain.base.params import declare, param
from mxtrain.base.random import uniform
from mxtrain.data.augment import _colors, _warp
from mxtrain.data.augmenter import Augmenter, Image, ImageSpec, Values, Words

_ORDERS = tuple(permutations(range(4)))
_HUE = 3
_CHANGES = (_colors.brighter, _colors.contrasted, _colors.saturated)


@declare
class Params:
    """Change brightness, contrast, saturation and hue in a random order. Left out in evaluation."""

    brightness: float = param(0.0, ge=0, doc="factor between max(0, 1 - brightness) and 1 + brightness")
    contrast: float = param(0.0, ge=0, doc="factor between max(0, 1 - contrast) and 1 + contrast")
    saturation: float = param(0.0, ge=0, doc="factor between max(0, 1 - saturation) and 1 + saturation")
    hue: float = param(0.0, ge=0, le=0.5, doc="shift between -hue and hue, as part of the colour circle")


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """Unchanged.

    Raises:
        ConfigError: if gray images shall change their colours, or the images have neither 1 nor 3 channels.
    """
    if spec.channels == 1 and (params.saturation or params.hue):
        raise ConfigError(
            "color_jitter: gray images have no saturation and no hue; set both to 0, or put color before it"
        )
    return _colors.gray_or_color("color_jitter", spec)


def draw(params: Params, words: Words) -> Values:
    """(N, 5): number of the order, three factors, shift of the hue."""
    order = np.floor(uniform(words[:, 0]) * len(_ORDERS))
    amounts = (params.brightness, params.contrast, params.saturation)
    factors = [_colors.draw_factors(a, words[:, 1 + i]) for i, a in enumerate(amounts)]
    return np.stack([order, *factors, _warp.draw_between((-params.hue, params.hue), words[:, 4])], axis=1)


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, C) -> (H, W, C); values: (5,)."""
    amounts = (params.brightness, params.contrast, params.saturation, params.hue)
    for change in _ORDERS[int(values[0])]:
        if not amounts[change]:
            continue
        if change == _HUE:
            image = _colors.hue_shifted(image, float(values[4]))
        else:
            image = _CHANGES[change](image[None], values[1 + change : 2 + change])[0]
    return image


AUGMENTER = Augmenter(Params, infer, apply, words=5, draw=draw)
