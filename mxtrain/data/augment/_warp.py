"""Affine resampling of images, shared by several augmenters, and the ranges they draw from.

Coordinates are continuous: a pixel is a square of side 1, the image spans 0 to width and 0 to height, x runs to the
right and y down. What comes from outside the image is `fill`.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import numpy as np
from PIL import Image as Pillow
from pydantic import AfterValidator, BeforeValidator

from mxtrain.base.random import uniform
from mxtrain.data.augmenter import Image, Values, Words

Method = Literal["nearest", "bilinear", "bicubic"]
Coefficients = tuple[float, float, float, float, float, float]
Linear = tuple[float, float, float, float]

_METHODS = {
    "nearest": Pillow.Resampling.NEAREST,
    "bilinear": Pillow.Resampling.BILINEAR,
    "bicubic": Pillow.Resampling.BICUBIC,
}
_IDENTITY: Coefficients = (1, 0, 0, 0, 1, 0)
# Digits that a sine of a multiple of 90 degrees has right: with all of them a quarter turn would miss its pixels.
_DIGITS = 15


def in_order(pair: tuple[float, float]) -> tuple[float, float]:
    """The pair itself; ValueError if its first number is the larger."""
    if pair[0] > pair[1]:
        raise ValueError(f"the smallest, {pair[0]}, is larger than the largest, {pair[1]}")
    return pair


def _around_zero(value: Any) -> Any:
    return (-abs(value), abs(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


Spread = Annotated[
    tuple[float, float],
    BeforeValidator(_around_zero, json_schema_input_type=float | tuple[float, float]),
    AfterValidator(in_order),
]
"""(smallest, largest) of a range; one number v stands for (-v, v)."""


def draw_between(pair: tuple[float, float], words: Words) -> Values:
    """One number per word, uniform in the range."""
    values: Values = (pair[0] + uniform(words).astype(np.float64) * (pair[1] - pair[0])).astype(np.float32)
    return values


def about_centre(height: int, width: int, linear: Linear, shift: tuple[float, float] = (0.0, 0.0)) -> Coefficients:
    """The coefficients that pull pixels through out = centre + shift + L (in - centre).

    Args:
        height: of the image.
        width: of the image.
        linear: L by rows, acting on (x, y); it can be inverted.
        shift: (x, y) in pixels.

    Returns:
        (a, b, c, d, e, f): the output's point (x, y) shows the input's (a x + b y + c, d x + e y + f).
    """
    xx, xy, yx, yy = linear
    det = xx * yy - xy * yx
    a, b, d, e = yy / det, -xy / det, -yx / det, xx / det
    x, y = width / 2, height / 2
    return a, b, x - a * (x + shift[0]) - b * (y + shift[1]), d, e, y - d * (x + shift[0]) - e * (y + shift[1])


def rotation(degrees: float) -> Linear:
    """Counterclockwise as one sees it."""
    angle = math.radians(degrees)
    cos, sin = round(math.cos(angle), _DIGITS), round(math.sin(angle), _DIGITS)
    return cos, sin, -sin, cos


def warp_picture(picture: Pillow.Image, coefficients: Coefficients, method: str, fill: int) -> Pillow.Image:
    """A Pillow image of one or three channels pulled through `coefficients`, in its own size."""
    color = fill if picture.mode == "L" else (fill,) * 3
    return picture.transform(picture.size, Pillow.Transform.AFFINE, coefficients, _METHODS[method], fillcolor=color)


def warp(image: Image, coefficients: Coefficients, method: str, fill: int) -> Image:
    """(H, W, C) -> (H, W, C), any number of channels; itself if nothing moves."""
    if coefficients == _IDENTITY:
        return image
    if image.shape[2] == 3:
        return np.asarray(warp_picture(Pillow.fromarray(np.ascontiguousarray(image)), coefficients, method, fill))
    planes = (Pillow.fromarray(np.ascontiguousarray(image[:, :, c])) for c in range(image.shape[2]))
    return np.stack([np.asarray(warp_picture(p, coefficients, method, fill)) for p in planes], axis=2)
