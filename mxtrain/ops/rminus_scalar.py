"""rminus_scalar: scalar - data, element by element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's _rminus_scalar.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import NEGATED, ScalarParams, elementwise, scalar_with
from mxtrain.ops._native import linear

OP = elementwise(
    "rminus_scalar",
    scalar_with("subtract"),
    (NEGATED,),
    params=ScalarParams,
    mxnet=("_rminus_scalar", "_RMinusScalar"),
    native=linear(lambda p: (-1.0, p.scalar)),
)
