"""minus_scalar: data - scalar, element by element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's _minus_scalar.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import SAME, ScalarParams, elementwise, with_scalar
from mxtrain.ops._native import linear

OP = elementwise(
    "minus_scalar",
    with_scalar("subtract"),
    (SAME,),
    params=ScalarParams,
    mxnet=("_minus_scalar", "_MinusScalar"),
    native=linear(lambda p: (1.0, -p.scalar)),
)
