"""fused_rnn: the one vector of parameters of recurrent layers, as MXNet 1.9.1 (FusedRNN over Xavier).

The weights of each gate are uniform between -a and a, a = sqrt(6 / (fan in + fan out)) of its matrix; biases are 0, but
`forget_bias` for the forget gate of lstm.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from mxtrain.base.params import declare, param
from mxtrain.base.types import Shape
from mxtrain.init._initializer import Initializer, Stream, Values, unfit

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
FORGET = 1


@declare
class Params:
    """What the layers are: as their operator says."""

    num_hidden: int = param(ge=1, doc="units of a layer")
    num_layers: int = param(ge=1, doc="layers, one on the other")
    mode: Literal["rnn_relu", "rnn_tanh", "lstm", "gru"] = param(doc="the cell")
    bidirectional: bool = param(False, doc="each layer in both directions")
    forget_bias: float = param(1.0, doc="of the forget gate of lstm, in both of its biases")
    init: None = param(None, doc="MXNet's inner initialiser; only null is known")


def draw(params: Params, shape: Shape, stream: Stream) -> Values:
    """Matrix by matrix, then the biases.

    Raises:
        ConfigError: if the length is not that of such layers, whatever they read.
    """
    units, gates, directions = params.num_hidden, GATES[params.mode], 1 + params.bidirectional
    cells = params.num_layers * directions
    # All but the weights of the first layer towards its input, whose width the length tells.
    above = (params.num_layers - 1) * directions * directions * units
    rest = gates * units * (above + cells * units + 2 * cells)
    width, over = divmod(math.prod(shape) - rest, gates * units * directions)
    if len(shape) != 1 or width < 1 or over:
        raise unfit("fused_rnn", stream, shape, f"1 axis of {rest} + {gates * units * directions} x inputs elements")
    limits = []
    for layer in range(params.num_layers):
        for fan in (width if layer == 0 else directions * units, units) * directions:
            limits.append(np.full(gates * units * fan, math.sqrt(6 / (fan + units)), np.float32))
    weights = np.concatenate(limits)
    weights *= stream.uniform(weights.shape, -1.0, 1.0)
    bias = np.zeros((2 * cells, gates, units), np.float32)
    if params.mode == "lstm":
        bias[:, FORGET] = params.forget_bias
    return np.concatenate([weights, bias.reshape(-1)])


INITIALIZER = Initializer("fused_rnn", draw, Params)
