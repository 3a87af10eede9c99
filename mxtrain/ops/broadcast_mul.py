"""broadcast_mul: the elementwise product.

Shapes:
    lhs (S), rhs (T) -> output (S and T broadcast: aligned at the right, axes of 1 stretched)

Source: MXNet's broadcast_mul.
"""

from __future__ import annotations

from mxtrain.backends import onednn
from mxtrain.ops._elementwise import BINARY, elementwise, ufunc
from mxtrain.ops._native import binary
from mxtrain.ops._slopes import MUL

OP = elementwise(
    "broadcast_mul",
    ufunc("multiply"),
    MUL,
    inputs=BINARY,
    broadcast=True,
    mxnet=("broadcast_mul",),
    native=binary(onednn.Algorithm.MUL),
)
