"""negative: each element times -1.

Shapes:
    data (any) -> output, same shape

Source: MXNet's negative.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import NEGATED, elementwise, ufunc
from mxtrain.ops._native import linear

OP = elementwise(
    "negative",
    ufunc("negative"),
    (NEGATED,),
    mxnet=("negative",),
    native=linear(lambda p: (-1.0, 0.0)),
)
