"""rmod_scalar: what is left of scalar after whole data, with the sign of data; 0 where data is 0.

Shapes:
    data (any) -> output, same shape

Source: MXNet's _rmod_scalar.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import ScalarParams, Slope, elementwise
from mxtrain.ops._slopes import modulo


def run(params: ScalarParams, xp: Any, out: Any, data: Any) -> None:
    """out = scalar modulo data."""
    out[...] = modulo(xp, xp.full(data.shape, params.scalar, data.dtype), data)


def backward(params: ScalarParams, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = -dy * floor(scalar / data)."""
    xp.multiply(dy, -xp.floor(params.scalar / data), out=out)


OP = elementwise(
    "rmod_scalar", run, (Slope(backward, ("data",)),), params=ScalarParams, mxnet=("_rmod_scalar", "_RModScalar")
)
