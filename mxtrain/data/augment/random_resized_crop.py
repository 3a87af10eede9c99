"""random_resized_crop: a window of random area and proportions, scaled to one size.

Szegedy et al., "Going deeper with convolutions", CVPR 2015; ten attempts, then the middle, as MXNet and torchvision.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from mxtrain.base.params import declare, param
from mxtrain.data.augment import _pixels
from mxtrain.data.augmenter import Augmenter, Image, ImageSpec, Size, Values

_ATTEMPTS = 10
_EVAL_MARGIN = 0.875

Part = Annotated[float, Field(gt=0, le=1)]
Ratio = Annotated[float, Field(gt=0)]


@declare
class Params:
    """Cut a window of random area and proportions and scale it.

    In evaluation the shorter edge is scaled to size / 0.875 and the middle is cut.
    """

    size: Size = param(doc="(height, width) of the result")
    area: tuple[Part, Part] = param((0.08, 1.0), doc="smallest and largest part of the image's area")
    ratio: tuple[Ratio, Ratio] = param((3 / 4, 4 / 3), doc="smallest and largest width / height")
    method: _pixels.Method = param("bilinear", doc="interpolation")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for name, (low, high) in (("area", self.area), ("ratio", self.ratio)):
            if low > high:
                raise ValueError(f"{name}: the smallest, {low}, is larger than the largest, {high}")
        return self


def _box(params: Params, height: int, width: int, values: Values) -> tuple[int, int, int, int]:
    """(top, left, height, width) of the window."""
    log_low, log_high = math.log(params.ratio[0]), math.log(params.ratio[1])
    numbers: list[float] = values.tolist()
    for attempt in range(_ATTEMPTS):
        area = (params.area[0] + numbers[2 * attempt] * (params.area[1] - params.area[0])) * height * width
        ratio = math.exp(log_low + numbers[2 * attempt + 1] * (log_high - log_low))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            return int(numbers[-2] * (height - h + 1)), int(numbers[-1] * (width - w + 1)), h, w
    ratio = min(max(width / height, params.ratio[0]), params.ratio[1])
    h, w = min(height, max(1, round(width / ratio))), min(width, max(1, round(height * ratio)))
    return (height - h) // 2, (width - w) // 2, h, w


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """The size asked for."""
    return ImageSpec(*params.size, spec.channels)


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, C) -> (h, w, C); values: ten pairs (area, ratio), then the place (vertical, horizontal)."""
    top, left, h, w = _box(params, image.shape[0], image.shape[1], values)
    return _pixels.resize(image[top : top + h, left : left + w], params.size, params.method)


def shrink(params: Params, height: int, width: int, values: Values) -> float:
    """How many times larger than the result the window is."""
    _, _, h, w = _box(params, height, width, values)
    return min(h / params.size[0], w / params.size[1])


def bottom(params: Params, height: int, width: int, values: Values) -> int:
    """Where the window ends."""
    top, _, h, _ = _box(params, height, width, values)
    return top + h


def at_eval(params: Params) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Shorter edge to size / 0.875, then the middle."""
    edge = round(max(params.size) / _EVAL_MARGIN)
    return (
        ("resize", {"shorter_edge": edge, "method": params.method}),
        ("center_crop", {"size": params.size, "method": params.method}),
    )


AUGMENTER = Augmenter(Params, infer, apply, words=2 * _ATTEMPTS + 2, at_eval=at_eval, shrink=shrink, bottom=bottom)
