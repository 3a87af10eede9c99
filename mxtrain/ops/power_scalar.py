"""power_scalar: data ** scalar, element by element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's _power_scalar.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import ScalarParams, Slope, elementwise, with_scalar


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = dy * scalar * data ** (scalar - 1)."""
    scalar = params.scalar
    xp.power(data, data.dtype.type(scalar - 1), out=out)
    xp.multiply(out, scalar, out=out)
    xp.multiply(out, dy, out=out)


OP = elementwise(
    "power_scalar",
    with_scalar("power"),
    (Slope(backward, ("data",), alias=False),),
    params=ScalarParams,
    mxnet=("_power_scalar", "_PowerScalar"),
)
