"""uniform: between -scale and scale, as MXNet 1.9.1 (Uniform)."""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.base.types import Shape
from mxtrain.init._initializer import Initializer, Stream, Values


@declare
class Params:
    """Uniform between -scale and scale."""

    scale: float = param(0.07, ge=0, doc="bound")


def draw(params: Params, shape: Shape, stream: Stream) -> Values:
    """Uniform between -scale and scale."""
    return stream.uniform(shape, -params.scale, params.scale)


INITIALIZER = Initializer("uniform", draw, Params)
