"""broadcast_add: the elementwise sum.

Shapes:
    lhs (S), rhs (T) -> output (S and T broadcast: aligned at the right, axes of 1 stretched)

Source: MXNet's broadcast_add.
"""

from __future__ import annotations

from mxtrain.backends import onednn
from mxtrain.ops._elementwise import BINARY, elementwise, ufunc
from mxtrain.ops._native import binary
from mxtrain.ops._slopes import ADD

OP = elementwise(
    "broadcast_add",
    ufunc("add"),
    ADD,
    inputs=BINARY,
    broadcast=True,
    mxnet=("broadcast_add", "broadcast_plus"),
    native=binary(onednn.Algorithm.ADD),
)
