"""random_erasing: cover a rectangle of some images with one value or with noise.

Zhong et al., "Random erasing data augmentation", AAAI 2020. The proportions are drawn evenly in their logarithm, as
torchvision does; after ten rectangles that do not fit, the image stays as it is.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, Field

from mxtrain.base.params import declare, param
from mxtrain.base.random import uniform
from mxtrain.base.random import words as random_words
from mxtrain.data.augment import _warp
from mxtrain.data.augmenter import Augmenter, Image, ImageSpec, Values, Words

_ATTEMPTS = 10
_KEY_RANGE = 1 << 24

Part = Annotated[float, Field(gt=0, le=1)]
Ratio = Annotated[float, Field(gt=0)]
Value = Annotated[int, Field(ge=0, le=255)]


@declare
class Params:
    """Cover a rectangle of some of the images. Left out in evaluation."""

    probability: float = param(0.5, ge=0, le=1, doc="part of the images that are changed")
    area: Annotated[tuple[Part, Part], AfterValidator(_warp.in_order)] = param(
        (0.02, 0.33), doc="smallest and largest part of the image's area"
    )
    ratio: Annotated[tuple[Ratio, Ratio], AfterValidator(_warp.in_order)] = param(
        (0.3, 3.3), doc="smallest and largest height / width"
    )
    value: Value | Literal["random"] = param(0, doc="what covers it: a number, or random for noise, each byte its own")


def _box(params: Params, height: int, width: int, values: Values) -> tuple[int, int, int, int] | None:
    """(top, left, height, width) of the rectangle; None if none fits or none is due."""
    if not values[0]:
        return None
    numbers = [float(v) for v in values[1:]]
    low, high = math.log(params.ratio[0]), math.log(params.ratio[1])
    for attempt in range(_ATTEMPTS):
        area = (params.area[0] + numbers[2 * attempt] * (params.area[1] - params.area[0])) * height * width
        ratio = math.exp(low + numbers[2 * attempt + 1] * (high - low))
        h, w = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < h < height and 0 < w < width:
            y, x = numbers[2 * _ATTEMPTS : 2 * _ATTEMPTS + 2]
            return int(y * (height - h + 1)), int(x * (width - w + 1)), h, w
    return None


def _cover(params: Params, image: Image, values: Values) -> None:
    """Cover the rectangle of `image` (H, W, C) in place."""
    box = _box(params, image.shape[0], image.shape[1], values)
    if box is None:
        return
    top, left, h, w = box
    rectangle = image[top : top + h, left : left + w]
    if params.value == "random":
        key = (int(float(values[-2]) * _KEY_RANGE), int(float(values[-1]) * _KEY_RANGE))
        noise = random_words(key, 0, 0, 1, -(-rectangle.size // 4)).astype("<u4").view(np.uint8)
        rectangle[...] = noise[0, : rectangle.size].reshape(rectangle.shape)
    else:
        rectangle[...] = params.value


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """Unchanged."""
    return spec


def draw(params: Params, words: Words) -> Values:
    """(N, 25): 1 to cover, 0 to leave; ten pairs (area, ratio); the place (vertical, horizontal); the noise's key."""
    values: Values = uniform(words)
    values[:, 0] = values[:, 0] < params.probability
    return values


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, C) -> (H, W, C); values: (25,)."""
    out = image.copy()
    _cover(params, out, values)
    return out


def apply_batch(params: Params, images: Image, values: Values) -> Image:
    """(N, H, W, C) -> (N, H, W, C); values: (N, 25)."""
    out = images.copy()
    for index in np.flatnonzero(values[:, 0]):
        _cover(params, out[index], values[index])
    return out


AUGMENTER = Augmenter(Params, infer, apply, apply_batch, words=2 * _ATTEMPTS + 5, draw=draw)
