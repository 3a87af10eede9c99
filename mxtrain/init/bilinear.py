"""bilinear: the weights with which a deconvolution enlarges bilinearly, as MXNet 1.9.1 (Bilinear)."""

from __future__ import annotations

import math

import numpy as np

from mxtrain.base.params import NoParams
from mxtrain.base.types import Shape
from mxtrain.init._initializer import Initializer, Stream, Values, unfit


def draw(params: NoParams, shape: Shape, stream: Stream) -> Values:
    """A weight (I, O, H, W): in each channel the product of two triangles, both made for W as MXNet makes them.

    Raises:
        ConfigError: if the weight has not 4 axes.
    """
    if len(shape) != 4:
        raise unfit("bilinear", stream, shape, "4 axes (I, O, H, W)")
    half = math.ceil(shape[3] / 2)
    if half == 0:
        return np.zeros(shape, np.float32)
    centre = (2 * half - 1 - half % 2) / (2 * half)
    across = 1 - np.abs(np.arange(shape[3]) / half - centre)
    down = 1 - np.abs(np.arange(shape[2]) / half - centre)
    return np.broadcast_to(np.outer(down, across), shape).astype(np.float32)


INITIALIZER = Initializer("bilinear", draw)
