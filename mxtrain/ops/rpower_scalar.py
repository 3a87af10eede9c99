"""rpower_scalar: scalar ** data, element by element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's _rpower_scalar.
"""

from __future__ import annotations

import math
from typing import Any

from mxtrain.ops._elementwise import ScalarParams, Slope, elementwise, scalar_with


def backward(params: Any, xp: Any, out: Any, dy: Any, y: Any) -> None:
    """dx = dy * output * log(scalar)."""
    xp.multiply(dy, y, out=out)
    xp.multiply(out, math.log(params.scalar) if params.scalar > 0 else math.nan, out=out)


OP = elementwise(
    "rpower_scalar",
    scalar_with("power"),
    (Slope(backward, ("output",)),),
    params=ScalarParams,
    mxnet=("_rpower_scalar", "_RPowerScalar"),
)
