"""minimum_scalar: the smaller of data and scalar. Where they are equal, the gradient goes to data.

Shapes:
    data (any) -> output, same shape

Source: MXNet's _minimum_scalar.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import ScalarParams, Slope, elementwise, with_scalar


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = dy where data <= scalar."""
    xp.multiply(dy, data <= data.dtype.type(params.scalar), out=out)


OP = elementwise(
    "minimum_scalar",
    with_scalar("minimum"),
    (Slope(backward, ("data",)),),
    params=ScalarParams,
    mxnet=("_minimum_scalar", "_MinimumScalar"),
)
