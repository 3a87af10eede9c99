"""What image_record_iter chooses for one image: by random numbers, or, in evaluation, as little as it may."""

from __future__ import annotations

from itertools import permutations
from typing import NamedTuple

import numpy as np

from mxtrain.base.random import uniform
from mxtrain.data.augment import pca_lighting
from mxtrain.data.augment._record_params import Params, ratios
from mxtrain.data.augmenter import Values, Words

ATTEMPTS = 10
METHODS = 5
_ORDERS = tuple(permutations(range(3)))
_AFFINE = slice(0, 4)
_WINDOWS = slice(4, 4 + 3 * ATTEMPTS)
_PLACE = slice(34, 36)
_CROP = 36
_JITTER = slice(37, 41)
_HLS = slice(41, 47)
_FLIP = 47
_FLOATS = slice(48, 50)
_METHODS = slice(50, 53)
_COLOR = slice(53, 56)
WORDS = 53 + 4


class Window(NamedTuple):
    """A window that random_resized_crop tries: part of the area, width / height, and whether these are exchanged."""

    area: float
    ratio: float
    exchanged: bool


class Choices(NamedTuple):
    """Everything that differs from image to image.

    Args:
        shear: x' = x + shear * y, before the turn.
        angle: in degrees.
        scale: of width and height.
        ratio: width / height.
        windows: to try, in order; none: no random_resized_crop.
        place: (vertical, horizontal) of a crop that may be anywhere, in [0, 1); None: always the middle.
        crop: side of the square that is cut; None: data_shape is cut.
        jitter: (what: 0 brightness, 1 contrast, 2 saturation; factor), in order.
        hls: added to hue, lightness and saturation; None: the colors do not go through these.
        color: added to red, green and blue.
        mirror: exchange left and right.
        contrast: factor of what is left after the mean.
        illumination: added then.
        methods: interpolation of the resize, of the affine step, of the crop.
    """

    shear: float = 0.0
    angle: int = 0
    scale: float = 1.0
    ratio: float = 1.0
    windows: tuple[Window, ...] = ()
    place: tuple[float, float] | None = None
    crop: int | None = None
    jitter: tuple[tuple[int, float], ...] = ()
    hls: tuple[int, int, int] | None = None
    color: tuple[float, float, float] = (0.0, 0.0, 0.0)
    mirror: bool = False
    contrast: float = 1.0
    illumination: float = 0.0
    methods: tuple[int, int, int] = (1, 1, 1)


def draw(params: Params, words: Words) -> Values:
    """(N, WORDS) -> (N, V): numbers in [0, 1), and the color that is added."""
    noise = pca_lighting.draw(pca_lighting.Params(std=params.pca_noise), words[:, -4:])
    return np.concatenate([uniform(words[:, :-4]), noise], axis=1)


def choose(params: Params, values: Values) -> Choices:
    """What was drawn for one image, (V,), in the ranges that the parameters give."""
    numbers = [float(v) for v in values]
    shear, angle, scale, ratio = numbers[_AFFINE]
    low, high = ratios(params)
    return Choices(
        shear=(2 * shear - 1) * params.max_shear_ratio,
        angle=_angle(params, angle),
        scale=_between(scale, params.min_random_scale, params.max_random_scale),
        ratio=1.0 if params.random_resized_crop else _between(ratio, low, high),
        windows=_windows(params, numbers[_WINDOWS]),
        place=(numbers[_PLACE][0], numbers[_PLACE][1]),
        crop=_side(params, numbers[_CROP]),
        jitter=_jitter(params, numbers[_JITTER]),
        hls=_hls(params, numbers[_HLS]),
        color=(numbers[_COLOR][0], numbers[_COLOR][1], numbers[_COLOR][2]),
        mirror=params.mirror or (params.rand_mirror and numbers[_FLIP] < 0.5),
        contrast=1 + (2 * numbers[_FLOATS][0] - 1) * params.max_random_contrast,
        illumination=(2 * numbers[_FLOATS][1] - 1) * params.max_random_illumination,
        methods=_methods(params, numbers[_METHODS]),
    )


def fixed(params: Params) -> Choices:
    """For evaluation: each random amount is what changes nothing, or the number of its range next to that."""
    low, high = ratios(params)
    angles = params.rotate_list or ((params.rotate,) if params.rotate > 0 else (0,))
    scales = sorted((params.min_random_scale, params.max_random_scale))
    method = 1 if params.inter_method == 10 else params.inter_method
    return Choices(
        angle=min(angles, key=abs),
        scale=min(max(1.0, scales[0]), scales[1]),
        ratio=1.0 if params.random_resized_crop else min(max(1.0, low), high),
        crop=None if params.max_crop_size == -1 else params.max_crop_size,
        mirror=params.mirror,
        methods=(method, method, method),
    )


def _between(number: float, low: float, high: float) -> float:
    return low + number * (high - low)


def _angle(params: Params, number: float) -> int:
    if params.rotate_list:
        return params.rotate_list[int(number * len(params.rotate_list))]
    most = params.max_rotate_angle
    return params.rotate if params.rotate > 0 else int(number * (2 * most + 1)) - most


def _windows(params: Params, numbers: list[float]) -> tuple[Window, ...]:
    low, high = ratios(params)
    areas = (params.min_random_area, params.max_random_area)
    if not params.random_resized_crop or (*areas, low, high) == (1.0,) * 4:
        return ()
    return tuple(
        Window(_between(numbers[i], *areas), _between(numbers[i + 1], low, high), numbers[i + 2] > 0.5)
        for i in range(0, len(numbers), 3)
    )


def _side(params: Params, number: float) -> int | None:
    low, high = params.min_crop_size, params.max_crop_size
    return None if high == -1 else low + int(number * (high - low + 1))


def _jitter(params: Params, numbers: list[float]) -> tuple[tuple[int, float], ...]:
    amounts = (params.brightness, params.contrast, params.saturation)
    order = _ORDERS[int(numbers[3] * len(_ORDERS))]
    return tuple((what, 1 + (2 * numbers[what] - 1) * amounts[what]) for what in order if amounts[what])


def _hls(params: Params, numbers: list[float]) -> tuple[int, int, int] | None:
    """Two uniform numbers each, weighted 1 to 4, as MXNet: extremes are rarer. Fractions are cut off."""
    if not (params.random_h or params.random_l or params.random_s):
        return None
    mixed = [(numbers[i] + 4 * numbers[i + 1]) / 5 for i in (0, 2, 4)]
    hue, lightness, saturation = (
        int((2 * m - 1) * most)
        for m, most in zip(mixed, (params.random_h, params.random_l, params.random_s), strict=True)
    )
    return hue, lightness, saturation


def _methods(params: Params, numbers: list[float]) -> tuple[int, int, int]:
    first, second, third = (int(n * METHODS) if params.inter_method == 10 else params.inter_method for n in numbers)
    return first, second, third
