"""Scaling by the number of connections, as MXNet counts them."""

from __future__ import annotations

import math
from typing import Literal

from mxtrain.base.types import Shape
from mxtrain.init._initializer import Stream, Values, unfit

FactorType = Literal["avg", "in", "out"]
RndType = Literal["uniform", "gaussian"]


def fans(shape: Shape) -> tuple[int, int]:
    """(inputs of each output, outputs of each input) of a weight (O, I, spatial...)."""
    window = math.prod(shape[2:])
    return shape[1] * window, shape[0] * window


def draw_scaled(
    name: str, shape: Shape, stream: Stream, magnitude: float, factor_type: FactorType, rnd_type: RndType
) -> Values:
    """Random numbers of scale sqrt(magnitude / fan): the bound if uniform, the standard deviation if gaussian.

    Raises:
        ConfigError: for a vector.
    """
    if len(shape) < 2:
        raise unfit(name, stream, shape, "at least 2 axes")
    fan_in, fan_out = fans(shape)
    factor = {"avg": (fan_in + fan_out) / 2, "in": fan_in, "out": fan_out}[factor_type]
    scale = math.sqrt(magnitude / max(factor, 1))
    return stream.uniform(shape, -scale, scale) if rnd_type == "uniform" else stream.gaussian(shape, scale)
