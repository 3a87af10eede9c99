"""rdiv_scalar: scalar / data, element by element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's _rdiv_scalar.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import ScalarParams, Slope, elementwise, scalar_with


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any, y: Any) -> None:
    """dx = -dy * output / data."""
    xp.multiply(dy, y, out=out)
    xp.divide(out, data, out=out)
    xp.negative(out, out=out)


OP = elementwise(
    "rdiv_scalar",
    scalar_with("divide"),
    (Slope(backward, ("data", "output"), alias=False),),
    params=ScalarParams,
    mxnet=("_rdiv_scalar", "_RDivScalar"),
)
