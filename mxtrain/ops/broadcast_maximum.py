"""broadcast_maximum: the elementwise larger of two. Where they are equal, the gradient goes to lhs.

Shapes:
    lhs (S), rhs (T) -> output (S and T broadcast: aligned at the right, axes of 1 stretched)

Source: MXNet's broadcast_maximum.
"""

from __future__ import annotations

from mxtrain.backends import onednn
from mxtrain.ops._elementwise import BINARY, elementwise, ufunc
from mxtrain.ops._native import binary
from mxtrain.ops._slopes import MAXIMUM

OP = elementwise(
    "broadcast_maximum",
    ufunc("maximum"),
    MAXIMUM,
    inputs=BINARY,
    broadcast=True,
    mxnet=("broadcast_maximum",),
    native=binary(onednn.Algorithm.MAX),
)
