"""pca_lighting: add one random colour to an image, along the axes in which the colours of natural images vary.

y = x + sum over k of a_k * l_k * p_k, a_k normal with mean 0 and `std`; l_k and p_k are the square roots of the
eigenvalues, in units of the pixels (0 to 255), and the eigenvectors, in RGB order, of the covariance of ImageNet's
pixels. Rounded to the nearest and cut to 0 to 255. Krizhevsky et al., "ImageNet classification with deep convolutional
neural networks", NIPS 2012, with the numbers that MXNet 1.9.1 uses.
"""

from __future__ import annotations

import numpy as np

from mxtrain.base.params import declare, param
from mxtrain.data.augment import _colors
from mxtrain.data.augmenter import Augmenter, Image, ImageSpec, Values, Words

_LENGTHS = (55.46, 4.794, 1.148)
_VECTORS = ((-0.5675, -0.5808, -0.5836), (0.7192, -0.0045, -0.6948), (0.4009, -0.8140, 0.4203))
_AXES = np.array(_VECTORS) * np.array(_LENGTHS)[:, None]


@declare
class Params:
    """Add a random colour along the principal axes of ImageNet's colours. Left out in evaluation."""

    std: float = param(0.1, ge=0, doc="standard deviation of the coefficient of each axis")


def infer(params: Params, spec: ImageSpec) -> ImageSpec:
    """Unchanged.

    Raises:
        ConfigError: if the images have another number of channels than 3.
    """
    return _colors.only_color("pca_lighting", spec)


def draw(params: Params, words: Words) -> Values:
    """(N, 3): what is added to red, green and blue."""
    # Box-Muller: two words give two normal numbers; of four the last is left over.
    first, second = words[:, 0::2].astype(np.float64), words[:, 1::2].astype(np.float64)
    radius, angle = np.sqrt(-2.0 * np.log((first + 1.0) * 2.0**-32)), 2.0 * np.pi * 2.0**-32 * second
    a, b = radius * np.cos(angle), radius * np.sin(angle)
    # No matrix product: its rounding may depend on the number of rows.
    offsets = a[:, :1] * _AXES[0] + a[:, 1:] * _AXES[1] + b[:, :1] * _AXES[2]
    values: Values = (params.std * offsets).astype(np.float32)
    return values


def apply(params: Params, image: Image, values: Values) -> Image:
    """(H, W, 3) -> (H, W, 3); values: (3,)."""
    out: Image = apply_batch(params, image[None], values[None])[0]
    return out


def apply_batch(params: Params, images: Image, values: Values) -> Image:
    """(N, H, W, 3) -> (N, H, W, 3); values: (N, 3)."""
    out = np.empty(images.shape, np.uint8)
    for channel in range(3):
        shifted = images[..., channel].astype(np.float32)
        shifted += values[:, channel].reshape(-1, 1, 1)
        out[..., channel] = np.clip(np.rint(shifted, out=shifted), 0, 255, out=shifted)
    return out


AUGMENTER = Augmenter(Params, infer, apply, apply_batch, words=4, draw=draw)
