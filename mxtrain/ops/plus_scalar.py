"""plus_scalar: data + scalar, element by element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's _plus_scalar.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import SAME, ScalarParams, elementwise, with_scalar
from mxtrain.ops._native import linear

OP = elementwise(
    "plus_scalar",
    with_scalar("add"),
    (SAME,),
    params=ScalarParams,
    mxnet=("_plus_scalar", "_PlusScalar"),
    native=linear(lambda p: (1.0, p.scalar)),
)
