"""msra_prelu: for rectified units, as MXNet 1.9.1 (MSRAPrelu).

He et al., "Delving deep into rectifiers", ICCV 2015.
"""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.base.types import Shape
from mxtrain.init._fan import FactorType, draw_scaled
from mxtrain.init._initializer import Initializer, Stream, Values


@declare
class Params:
    """Normal with variance 2 / (1 + slope ** 2) / number of connections."""

    factor_type: FactorType = param("avg", doc="connections counted: in, out, or the mean of both")
    slope: float = param(0.25, doc="slope of the units below 0")


def draw(params: Params, shape: Shape, stream: Stream) -> Values:
    """A weight (O, I, spatial...).

    Raises:
        ConfigError: for a vector.
    """
    return draw_scaled("msra_prelu", shape, stream, 2.0 / (1 + params.slope**2), params.factor_type, "gaussian")


INITIALIZER = Initializer("msra_prelu", draw, Params)
