"""Colour arithmetic on (N, H, W, C) arrays, shared by several augmenters: bit for bit what Pillow computes."""

from __future__ import annotations

import numpy as np
from PIL import Image as Pillow

from mxtrain.base.errors import ConfigError
from mxtrain.base.random import uniform
from mxtrain.data.augmenter import Image, ImageSpec, Values, Words

_PIXELS_AT_ONCE = 1 << 17
_HUES = 255


def gray_or_color(name: str, spec: ImageSpec) -> ImageSpec:
    """The spec itself.

    Raises:
        ConfigError: if the images are known to have another number of channels than 1 or 3.
    """
    if spec.channels not in (None, 1, 3):
        raise ConfigError(
            f"{name}: works on images with 1 or 3 channels, these have {spec.channels}; put gray or color before it"
        )
    return spec


def only_color(name: str, spec: ImageSpec) -> ImageSpec:
    """The spec itself.

    Raises:
        ConfigError: if the images are known to have another number of channels than 3.
    """
    if spec.channels not in (None, 3):
        raise ConfigError(
            f"{name}: works on images with 3 channels, these have {spec.channels}; remove it, or put color before it"
        )
    return spec


def luma(images: Image) -> Image:
    """(..., W, C) -> (..., W): brightness of RGB by ITU-R 601 in 16-bit fixed point, of gray the only channel.

    (19595 red + 38470 green + 7471 blue + 32768) / 65536, without the fraction.
    """
    if images.shape[-1] == 1:
        return images[..., 0]
    # Images on top of each other are one tall image: one call, ten times faster than array arithmetic.
    tall = np.ascontiguousarray(images[..., :3]).reshape(-1, *images.shape[-2:-1], 3)
    return np.asarray(Pillow.fromarray(tall).convert("L")).reshape(images.shape[:-1])


def draw_factors(amount: float, words: Words) -> Values:
    """One factor per word, uniform between max(0, 1 - amount) and 1 + amount."""
    low = max(0.0, 1.0 - amount)
    factors: Values = (low + uniform(words).astype(np.float64) * (1.0 + amount - low)).astype(np.float32)
    return factors


def brighter(images: Image, factors: Values) -> Image:
    """y = factor * x; (N, H, W, C) and (N,) -> (N, H, W, C)."""
    return _blended(images, np.zeros(len(images), np.float32), factors)


def contrasted(images: Image, factors: Values) -> Image:
    """y = m + factor * (x - m), m the mean brightness of the image, rounded; (N, H, W, C) and (N,) -> (N, H, W, C)."""
    count = images.shape[1] * images.shape[2]
    sums = luma(images).sum(axis=(1, 2), dtype=np.int64)
    means = np.floor(sums / count + 0.5).astype(np.float32)
    return _blended(images, means, factors)


def saturated(images: Image, factors: Values) -> Image:
    """y = g + factor * (x - g), g the brightness of the pixel; gray images stay. (N, H, W, C) and (N,) -> same."""
    if images.shape[-1] == 1:
        return images
    out = np.empty(images.shape, np.uint8)
    for part in _parts(images):
        gray = luma(images[part]).astype(np.float32)
        factor = factors[part].reshape(-1, 1, 1)
        for channel in range(3):
            out[part, :, :, channel] = _blend(images[part, :, :, channel], gray, factor)
    return out


def hue_shifted(image: Image, turns: float) -> Image:
    """The hue turned by a part of the colour circle; gray images stay. (H, W, C) -> (H, W, C).

    Pillow's HSV, whose hue is one byte: a turn is 255 steps, as torchvision has it.
    """
    steps = int(turns * _HUES) % 256
    if image.shape[-1] == 1 or not steps:
        return image
    hue, saturation, value = Pillow.fromarray(np.ascontiguousarray(image)).convert("HSV").split()
    turned = Pillow.fromarray(np.asarray(hue) + np.uint8(steps))
    return np.asarray(Pillow.merge("HSV", (turned, saturation, value)).convert("RGB"))


def _blended(images: Image, base: Values, factors: Values) -> Image:
    """base + factor * (x - base), one base and one factor per image."""
    out = np.empty(images.shape, np.uint8)
    for part in _parts(images):
        out[part] = _blend(images[part], base[part].reshape(-1, 1, 1, 1), factors[part].reshape(-1, 1, 1, 1))
    return out


def _blend(pixels: Image, base: Values, factor: Values) -> Values:
    """Whole numbers from 0 to 255 once their fraction is cut off, as Pillow does: an assignment to uint8 does that."""
    floats = pixels.astype(np.float32)
    floats -= base
    floats *= factor
    floats += base
    return np.clip(floats, 0, 255, out=floats)


def _parts(images: Image) -> list[slice]:
    """Slices of the batch whose floats stay in the cache."""
    step = max(1, _PIXELS_AT_ONCE // (images[:1].size or 1))
    return [slice(a, a + step) for a in range(0, len(images), step)]
