"""xavier: scaled by the number of connections, as MXNet 1.9.1 (Xavier).

Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010.
"""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.base.types import Shape
from mxtrain.init._fan import FactorType, RndType, draw_scaled
from mxtrain.init._initializer import Initializer, Stream, Values


@declare
class Params:
    """Scaled by sqrt(magnitude / number of connections)."""

    rnd_type: RndType = param("uniform", doc="uniform within the scale, or gaussian with the scale as deviation")
    factor_type: FactorType = param("avg", doc="connections counted: in, out, or the mean of both")
    magnitude: float = param(3.0, ge=0, doc="variance times connections (gaussian), three times that (uniform)")


def draw(params: Params, shape: Shape, stream: Stream) -> Values:
    """A weight (O, I, spatial...).

    Raises:
        ConfigError: for a vector.
    """
    return draw_scaled("xavier", shape, stream, params.magnitude, params.factor_type, params.rnd_type)


INITIALIZER = Initializer("xavier", draw, Params)
