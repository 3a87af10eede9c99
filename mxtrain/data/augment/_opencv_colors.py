"""Colour changes as MXNet 1.9.1 makes them with OpenCV: (H, W, 3) RGB in and out, rounded to the nearest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mxtrain.data.augmenter import Image

_Floats = NDArray[np.float32]
# MXNet's images are BGR and it asks OpenCV for the gray of RGB: the weights of red and blue change places.
_GRAY = np.array([0.114, 0.587, 0.299], np.float32)
_LIMITS = (180, 255, 255)


def brightened(image: Image, factor: float) -> Image:
    """factor * x."""
    return _pixels(image * np.float32(factor))


def contrasted(image: Image, factor: float) -> Image:
    """m + factor * (x - m), m the mean gray of the image."""
    return _pixels(image * np.float32(factor) + np.float32((1 - factor) * float(_gray(image).mean())))


def saturated(image: Image, factor: float) -> Image:
    """g + factor * (x - g), g the gray of the pixel."""
    return _pixels(image * np.float32(factor) + _gray(image)[..., None] * np.float32(1 - factor))


def _gray(image: Image) -> _Floats:
    gray: _Floats = np.rint(image[..., 0] * _GRAY[0] + image[..., 1] * _GRAY[1] + image[..., 2] * _GRAY[2])
    return gray


def _pixels(floats: _Floats) -> Image:
    return np.clip(np.rint(floats), 0, 255).astype(np.uint8)


def shifted_hls(image: Image, hue: int, lightness: int, saturation: int) -> Image:
    """Whole numbers added to hue (0 to 180), lightness and saturation (0 to 255), each cut to its range.

    The hue does not go round: what leaves its range stays at the end, as in MXNet.
    """
    channels = _to_hls(image)
    shifts = (hue, lightness, saturation)
    changed = [np.clip(c + s, 0, limit) for c, s, limit in zip(channels, shifts, _LIMITS, strict=True)]
    return _from_hls(*changed)


def _to_hls(image: Image) -> tuple[_Floats, _Floats, _Floats]:
    """In single precision throughout, as OpenCV: whether a half is rounded up or down depends on it."""
    one = np.float32(1)
    red, green, blue = (image[..., c] * (one / 255) for c in range(3))
    high, low = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    spread, lightness = high - low, (high + low) * np.float32(0.5)
    colored = spread > np.finfo(np.float32).eps
    sixth = 60 / np.where(colored, spread, one)
    degrees = np.where(
        high == red,
        (green - blue) * sixth,
        np.where(high == green, (blue - red) * sixth + 120, (red - green) * sixth + 240),
    )
    degrees = np.where(colored, np.where(degrees < 0, degrees + 360, degrees), 0 * one)
    room = np.where(lightness < 0.5, high + low, 2 - high - low)
    saturation = np.where(colored, spread / np.where(colored, room, one), 0 * one)
    # A hue that rounds to the end of the circle stays there: OpenCV writes 180, too.
    return np.rint(degrees * np.float32(0.5)), np.rint(lightness * 255), np.rint(saturation * 255)


def _from_hls(hue: _Floats, lightness: _Floats, saturation: _Floats) -> Image:
    light, full = lightness / np.float32(255), saturation / np.float32(255)
    upper = np.where(light <= 0.5, light * (1 + full), light + full - light * full)
    lower = 2 * light - upper
    sixth = hue / np.float32(30)
    channels = []
    for turn in (2, 0, 4):
        place = (sixth + turn) % 6
        slope = np.where(place < 1, place, np.where(place < 3, 1, np.where(place < 4, 4 - place, 0)))
        channels.append(lower + (upper - lower) * slope)
    return _pixels(np.stack(channels, axis=-1) * np.float32(255))
