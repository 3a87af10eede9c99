"""lstm_bias: zeros, but `forget_bias` for the forget gate, the second of four, as MXNet 1.9.1 (LSTMBias)."""

from __future__ import annotations

import numpy as np

from mxtrain.base.params import declare, param
from mxtrain.base.types import Shape
from mxtrain.init._initializer import Initializer, Stream, Values, unfit


@declare
class Params:
    """A bias (4 H,) of the gates i f g o."""

    forget_bias: float = param(1.0, doc="of the forget gate")


def draw(params: Params, shape: Shape, stream: Stream) -> Values:
    """The second quarter is the forget gate's.

    Raises:
        ConfigError: if the bias is not one axis of four gates.
    """
    if len(shape) != 1 or shape[0] % 4:
        raise unfit("lstm_bias", stream, shape, "1 axis of 4 H elements")
    bias = np.zeros(shape, np.float32)
    units = shape[0] // 4
    bias[units : 2 * units] = params.forget_bias
    return bias


INITIALIZER = Initializer("lstm_bias", draw, Params)
