"""constant: every element one number, as MXNet 1.9.1 (Constant)."""

from __future__ import annotations

import numpy as np

from mxtrain.base.params import declare, param
from mxtrain.base.types import Shape
from mxtrain.init._initializer import Initializer, Stream, Values


@declare
class Params:
    """Every element one number."""

    value: float = param(doc="the number")


def draw(params: Params, shape: Shape, stream: Stream) -> Values:
    """All the same."""
    return np.full(shape, params.value, np.float32)


INITIALIZER = Initializer("constant", draw, Params)
