"""div_scalar: data / scalar, element by element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's _div_scalar.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import ScalarParams, Slope, elementwise, with_scalar

OP = elementwise(
    "div_scalar",
    with_scalar("divide"),
    (Slope(with_scalar("divide")),),
    params=ScalarParams,
    mxnet=("_div_scalar", "_DivScalar"),
)
