"""Mean and standard deviation of all pixels, from sums of whole numbers: exact, whatever the order they come in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image as Pillow
from pydantic import ConfigDict

from mxtrain.data.augmenter import Image

_ROWS = 256
"""Rows whose sum 16 bits hold, and the sum of whose squares 32: four times faster than sums in 64."""

_VALUES = np.arange(256)


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Sums over pixels.

    Args:
        gray: pixels of gray images, their sum, the sum of their squares.
        pixels: of colour images.
        sums: per channel.
        squares: likewise.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")
    gray: tuple[int, int, int] = (0, 0, 0)
    pixels: int = 0
    sums: tuple[int, int, int] = (0, 0, 0)
    squares: tuple[int, int, int] = (0, 0, 0)


def of_image(image: Image) -> Moments:
    """Moments of an image (H, W, C), C 1 or 3."""
    height, width, channels = image.shape
    rows = image.reshape(height, width * channels)
    total, square = np.zeros((2, width * channels), np.int64)
    for start in range(0, height, _ROWS):
        part = rows[start : start + _ROWS]
        total += part.sum(0, dtype=np.uint16)
        square += np.multiply(part, part, dtype=np.uint16).sum(0, dtype=np.uint32)
    sums = [int(n) for n in total.reshape(width, channels).sum(0)]
    squares = [int(n) for n in square.reshape(width, channels).sum(0)]
    if channels == 1:
        return Moments(gray=(height * width, sums[0], squares[0]))
    return Moments(
        pixels=height * width, sums=(sums[0], sums[1], sums[2]), squares=(squares[0], squares[1], squares[2])
    )


def of_picture(picture: Pillow.Image) -> Moments:
    """The same of a picture of Pillow, mode L or RGB, by how often each value comes: a third less work."""
    counts = np.array(picture.histogram(), np.int64).reshape(-1, _VALUES.size)
    sums, squares = (counts @ _VALUES).tolist(), (counts @ _VALUES**2).tolist()
    size = picture.width * picture.height
    if len(counts) == 1:
        return Moments(gray=(size, sums[0], squares[0]))
    return Moments(pixels=size, sums=(sums[0], sums[1], sums[2]), squares=(squares[0], squares[1], squares[2]))


def add(parts: Iterable[Moments]) -> Moments:
    """Moments of all parts together."""
    gray, pixels, sums, squares = [0, 0, 0], 0, [0, 0, 0], [0, 0, 0]
    for part in parts:
        pixels += part.pixels
        for channel in range(3):
            gray[channel] += part.gray[channel]
            sums[channel] += part.sums[channel]
            squares[channel] += part.squares[channel]
    return Moments(
        gray=(gray[0], gray[1], gray[2]), pixels=pixels, sums=(sums[0], sums[1], sums[2]),
        squares=(squares[0], squares[1], squares[2]),
    )  # fmt: skip


def mean_std(moments: Moments) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Mean and standard deviation per channel, 0 to 255: one number each if all images are gray; None without pixels.

    A gray image counts as a colour image of three equal channels if there are others in colour.
    """
    pixels, total, square = moments.gray
    if not moments.pixels:
        if not pixels:
            return None
        columns = [(pixels, total, square)]
    else:
        pairs = zip(moments.sums, moments.squares, strict=True)
        columns = [(pixels + moments.pixels, total + s, square + q) for s, q in pairs]
    means = tuple(s / n for n, s, _ in columns)
    # In whole numbers: a difference of two large floats would lose the small deviation of a dark image.
    deviations = tuple((max(n * q - s * s, 0) / (n * n)) ** 0.5 for n, s, q in columns)
    return means, deviations
