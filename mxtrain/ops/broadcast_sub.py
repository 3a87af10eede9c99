"""broadcast_sub: the elementwise difference.

Shapes:
    lhs (S), rhs (T) -> output (S and T broadcast: aligned at the right, axes of 1 stretched)

Source: MXNet's broadcast_sub.
"""

from __future__ import annotations

from mxtrain.backends import onednn
from mxtrain.ops._elementwise import BINARY, elementwise, ufunc
from mxtrain.ops._native import binary
from mxtrain.ops._slopes import SUB

OP = elementwise(
    "broadcast_sub",
    ufunc("subtract"),
    SUB,
    inputs=BINARY,
    broadcast=True,
    mxnet=("broadcast_sub", "broadcast_minus"),
    native=binary(onednn.Algorithm.SUB),
)
