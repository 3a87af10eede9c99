"""The 14 operations of AutoAugment's successors, on Pillow images, at one of 31 strengths (0 to 30).

Cubuk et al., "RandAugment", NeurIPS 2020, in the numbers of torchvision. With t = strength / 30 and either sign:

    identity, auto_contrast, equalize       no strength
    shear_x, shear_y                        shear * t pixels per pixel, about the upper left corner
    translate_x, translate_y                the whole part of the move: pixels * t, or part * t of the width or height
    rotate                                  degrees * t about the centre, counterclockwise if positive
    brightness, color, contrast, sharpness  factor 1 + enhance * t
    posterize                               keeps 8 - bits * t bits, rounded; no sign
    solarize                                values from 255 * (1 - t) on are inverted; no sign
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image as Pillow
from PIL import ImageEnhance, ImageOps

from mxtrain.data.augment import _warp
from mxtrain.data.augmenter import Image

STRENGTHS = 31
_STRONGEST = STRENGTHS - 1


class Largest(NamedTuple):
    """Size of each operation at strength 30. `pixels`: of a move; None: it is `part` of the width or height."""

    shear: float
    part: float
    pixels: float | None
    degrees: float
    enhance: float
    bits: int


class Work(NamedTuple):
    """One operation to be done: `level` is t with its sign."""

    level: float
    largest: Largest
    method: str
    fill: int


Operation = Callable[[Pillow.Image, Work], Pillow.Image]


def _shear_x(picture: Pillow.Image, work: Work) -> Pillow.Image:
    return _pull(picture, work, (1.0, work.largest.shear * work.level, 0.0, 0.0, 1.0, 0.0))


def _shear_y(picture: Pillow.Image, work: Work) -> Pillow.Image:
    return _pull(picture, work, (1.0, 0.0, 0.0, work.largest.shear * work.level, 1.0, 0.0))


def _translate_x(picture: Pillow.Image, work: Work) -> Pillow.Image:
    return _pull(picture, work, (1.0, 0.0, -_move(picture.width, work), 0.0, 1.0, 0.0))


def _translate_y(picture: Pillow.Image, work: Work) -> Pillow.Image:
    return _pull(picture, work, (1.0, 0.0, 0.0, 0.0, 1.0, -_move(picture.height, work)))


def _move(side: int, work: Work) -> float:
    largest = work.largest.part * side if work.largest.pixels is None else work.largest.pixels
    return float(int(largest * work.level))


def _rotate(picture: Pillow.Image, work: Work) -> Pillow.Image:
    turn = _warp.rotation(work.largest.degrees * work.level)
    return _pull(picture, work, _warp.about_centre(picture.height, picture.width, turn))


def _pull(picture: Pillow.Image, work: Work, coefficients: _warp.Coefficients) -> Pillow.Image:
    return _warp.warp_picture(picture, coefficients, work.method, work.fill)


def _enhanced(kind: Callable[[Pillow.Image], ImageEnhance._Enhance]) -> Operation:
    return lambda picture, work: kind(picture).enhance(1.0 + work.largest.enhance * work.level)


def _posterize(picture: Pillow.Image, work: Work) -> Pillow.Image:
    return ImageOps.posterize(picture, 8 - round(work.largest.bits * abs(work.level)))


def _solarize(picture: Pillow.Image, work: Work) -> Pillow.Image:
    # In whole numbers: 255 (1 - t) would sometimes come out a little too large.
    kept = 255 * (_STRONGEST - round(abs(work.level) * _STRONGEST))
    inverted = [v if v * _STRONGEST < kept else 255 - v for v in range(256)]
    return picture.point(inverted * len(picture.getbands()))


OPERATIONS: dict[str, Operation] = {
    "identity": lambda picture, work: picture,
    "shear_x": _shear_x,
    "shear_y": _shear_y,
    "translate_x": _translate_x,
    "translate_y": _translate_y,
    "rotate": _rotate,
    "brightness": _enhanced(ImageEnhance.Brightness),
    "color": _enhanced(ImageEnhance.Color),
    "contrast": _enhanced(ImageEnhance.Contrast),
    "sharpness": _enhanced(ImageEnhance.Sharpness),
    "posterize": _posterize,
    "solarize": _solarize,
    "auto_contrast": lambda picture, work: ImageOps.autocontrast(picture),
    "equalize": lambda picture, work: ImageOps.equalize(picture),
}
"""The order is part of what a seed means: a draw chooses by number."""

_BY_NUMBER = tuple(OPERATIONS.values())


def run(image: Image, chosen: list[tuple[int, int, bool]], largest: Largest, method: str, fill: int) -> Image:
    """The operations done one after the other.

    Args:
        image: (H, W, C), C 1 or 3.
        chosen: (number of the operation, strength, negative?) of each.
        largest: sizes at strength 30.
        method: interpolation.
        fill: value of the pixels from outside.
    """
    gray = image.shape[2] == 1
    picture = Pillow.fromarray(np.ascontiguousarray(image[:, :, 0] if gray else image))
    for number, strength, negative in chosen:
        level = -strength / _STRONGEST if negative else strength / _STRONGEST
        picture = _BY_NUMBER[number](picture, Work(level, largest, method, fill))
    pixels = np.asarray(picture)
    return pixels[:, :, None] if gray else pixels
