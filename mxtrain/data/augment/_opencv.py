"""Scaling and warping with the rules of OpenCV, not those of Pillow: no method but `AREA` looks at more pixels when an
image shrinks, and weights are rounded to a fixed number of bits (11 for scaling, 15 for warping).

Pixel centres lie at halves in `resize` and at whole numbers in `warp`, as in OpenCV.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.data.augmenter import Image

NEAREST, LINEAR, CUBIC, AREA, LANCZOS = range(5)

_Floats = NDArray[np.float64]
_Integers = NDArray[np.int64]
_SCALE_BITS = 11
_WARP_BITS = 15
_PLACES = 32
"""Positions between two pixels that `warp` tells apart."""
_COORDINATE = 1024
_CUBIC = -0.75


def resize(image: Image, size: tuple[int, int], method: int) -> Image:
    """(H, W, C) -> (h, w, C), as cv::resize with that interpolation; equal but for rounding, at most 1."""
    height, width = image.shape[:2]
    if (height, width) == size:
        return image
    if method == NEAREST:
        rows, columns = (np.minimum(np.arange(n) * m // n, m - 1) for n, m in zip(size, image.shape, strict=False))
        picked: Image = image[rows[:, None], columns]
        return picked
    if method == AREA and size[0] <= height and size[1] <= width:
        return _averaged(image, size)
    rows, down = _taps(height, size[0], method)
    columns, across = _taps(width, size[1], method)
    used, place = np.unique(rows, return_inverse=True)
    lines = image[used] if len(used) < height else image
    wide = np.take(lines, columns[:, 0], axis=1) * across[:, 0, None]
    for tap in range(1, columns.shape[1]):
        wide += np.take(lines, columns[:, tap], axis=1) * across[:, tap, None]
    place = place.reshape(rows.shape)
    if rows.shape[1] > 2:
        total = np.zeros((*size, image.shape[2]), np.int64)
        for tap, weights in enumerate(down.T):
            total += np.take(wide, place[:, tap], axis=0) * weights[:, None, None].astype(np.int64)
        out: Image = np.clip(_rounded(total, 2 * _SCALE_BITS), 0, 255).astype(np.uint8)
        return out
    # With two rows OpenCV drops low bits between the directions: so does this, to give the very same bytes.
    wide >>= 4
    halves = [np.take(wide, place[:, t], axis=0) for t in range(2)]
    for half, weights in zip(halves, down.T, strict=True):
        half *= weights[:, None, None]
        half >>= 16
    out = _rounded(halves[0] + halves[1], 2).astype(np.uint8)
    return out


def _rounded(sums: NDArray[Any], bits: int) -> NDArray[Any]:
    return (sums + (1 << bits - 1)) >> bits


@lru_cache(maxsize=256)
def _taps(have: int, want: int, method: int) -> tuple[_Integers, NDArray[np.int32]]:
    """Which pixels of a line each pixel of its result is made of, and with which weights: two (want, T)."""
    # This and single precision below as OpenCV has them: else they end on the other side of a whole number.
    ratio = 1 / (want / have)
    target = np.arange(want)
    if method == AREA:
        first = np.floor(target * ratio)
        part = ((target + 1) - (first + 1) * (want / have)).astype(np.float32).astype(np.float64)
        part = np.where(part <= 0, 0.0, part - np.floor(part))
    else:
        centre = ((target + 0.5) * ratio - 0.5).astype(np.float32).astype(np.float64)
        first = np.floor(centre)
        part = centre - first
    weights = _kernel(part, LINEAR if method == AREA else method)
    taps = weights.shape[1]
    index = first.astype(np.int64)[:, None] + np.arange(taps) - (taps // 2 - 1)
    fixed = np.rint(weights * (1 << _SCALE_BITS)).astype(np.int32)
    return np.clip(index, 0, have - 1), fixed


def _kernel(part: _Floats, method: int) -> _Floats:
    """(N,) places between two pixels, 0 to 1 -> (N, T) weights of the T pixels around, T = 2, 4 or 8."""
    if method == LINEAR:
        return np.stack([1 - part, part], axis=1)
    if method == CUBIC:
        near, far = (_cubic_near(part), _cubic_near(1 - part)), _cubic_far(part + 1)
        return np.stack([far, *near, 1 - far - near[0] - near[1]], axis=1)
    distance = part[:, None] - (np.arange(8) - 3)
    weights = np.sinc(distance) * np.sinc(distance / 4)
    normal: _Floats = weights / weights.sum(axis=1, keepdims=True)
    return normal


def _cubic_near(x: _Floats) -> _Floats:
    return ((_CUBIC + 2) * x - (_CUBIC + 3)) * x * x + 1


def _cubic_far(x: _Floats) -> _Floats:
    return ((_CUBIC * x - 5 * _CUBIC) * x + 8 * _CUBIC) * x - 4 * _CUBIC


def _averaged(image: Image, size: tuple[int, int]) -> Image:
    """Each pixel of the result is the mean of what it covers."""
    floats = image.astype(np.float32)
    for axis, want in enumerate(size):
        starts, inner, low, high = _cover(image.shape[axis], want)
        sums = np.concatenate([np.zeros_like(floats[:1]), np.cumsum(floats, axis=0, dtype=np.float64)])
        shape = (-1, 1, 1)
        total = sums[inner] - sums[starts + 1]
        total += floats[starts] * low.reshape(shape)
        total += floats[np.minimum(inner, len(floats) - 1)] * high.reshape(shape)
        floats = (total / (image.shape[axis] / want)).transpose(1, 0, 2)
    whole = np.floor(floats + 0.5) if image.shape[:2] == (2 * size[0], 2 * size[1]) else np.rint(floats)
    return np.clip(whole, 0, 255).astype(np.uint8)


def _cover(have: int, want: int) -> tuple[_Integers, _Integers, _Floats, _Floats]:
    """First pixel, the one behind the last whole pixel, and how much of the first and of that one is covered."""
    edges = np.arange(want + 1) * have / want
    edges = np.where(np.abs(edges - np.rint(edges)) < 1e-9, np.rint(edges), edges)
    starts = np.floor(edges[:-1]).astype(np.int64)
    inner = np.floor(edges[1:]).astype(np.int64)
    return starts, inner, starts + 1 - edges[:-1], edges[1:] - inner


def warp(image: Image, matrix: _Floats, size: tuple[int, int], method: int, fill: int) -> Image:
    """(H, W, C) -> (h, w, C), as cv::warpAffine with a constant border.

    Args:
        image: any number of channels.
        matrix: (2, 3), from (x, y, 1) of the image to (x, y) of the result.
        size: (height, width) of the result.
        method: `AREA` counts as `LINEAR`.
        fill: value of the pixels outside.
    """
    inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))
    rows, columns = np.arange(size[0])[:, None], np.arange(size[1])
    half = _COORDINATE // 2 if method == NEAREST else _COORDINATE // _PLACES // 2
    x, y = (
        np.rint(inverse[i, 0] * columns * _COORDINATE).astype(np.int64)
        + np.rint((inverse[i, 1] * rows + inverse[i, 2]) * _COORDINATE).astype(np.int64)
        + half
        for i in range(2)
    )
    if method == NEAREST:
        return _picked(image, x // _COORDINATE, y // _COORDINATE, fill)
    x, y = x // (_COORDINATE // _PLACES), y // (_COORDINATE // _PLACES)
    weights = _places(LINEAR if method == AREA else method)
    taps = weights.shape[1]
    before = taps // 2 - 1
    total = np.zeros((*size, image.shape[2]), np.float32)
    for down in range(taps):
        vertical = weights[y % _PLACES, down]
        for across in range(taps):
            weight = vertical * weights[x % _PLACES, across]
            pixels = _picked(image, x // _PLACES + across - before, y // _PLACES + down - before, fill)
            total += pixels * weight[..., None]
    out: Image = np.clip(np.floor(total + np.float32(0.5)), 0, 255).astype(np.uint8)
    return out


@lru_cache(maxsize=8)
def _places(method: int) -> NDArray[np.float32]:
    weights = _kernel(np.arange(_PLACES) / _PLACES, method)
    return (np.rint(weights * (1 << _WARP_BITS)) / (1 << _WARP_BITS)).astype(np.float32)


def _picked(image: Image, x: _Integers, y: _Integers, fill: int) -> Image:
    """Pixels at whole coordinates (h, w) -> (h, w, C)."""
    height, width = image.shape[:2]
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    pixels = image[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]
    filled: Image = np.where(inside[..., None], pixels, np.uint8(fill))
    return filled


def chosen(method: int, old: tuple[int, int], new: tuple[int, int]) -> int:
    """MXNet's 9: `CUBIC` where both sides grow, `AREA` where both shrink, else `LINEAR`; others are themselves."""
    if method != 9:
        return method
    if new[0] > old[0] and new[1] > old[1]:
        return CUBIC
    return AREA if new[0] < old[0] and new[1] < old[1] else LINEAR


def turned(degrees: float) -> tuple[float, float]:
    """(cosine, sine)."""
    return math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
