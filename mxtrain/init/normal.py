"""normal: normal with mean 0, as MXNet 1.9.1 (Normal)."""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.base.types import Shape
from mxtrain.init._initializer import Initializer, Stream, Values


@declare
class Params:
    """Normal with mean 0."""

    sigma: float = param(0.01, ge=0, doc="standard deviation")


def draw(params: Params, shape: Shape, stream: Stream) -> Values:
    """Normal numbers."""
    return stream.gaussian(shape, params.sigma)


INITIALIZER = Initializer("normal", draw, Params)
