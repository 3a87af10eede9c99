"""broadcast_div: the elementwise quotient.

Shapes:
    lhs (S), rhs (T) -> output (S and T broadcast: aligned at the right, axes of 1 stretched)

Source: MXNet's broadcast_div.
"""

from __future__ import annotations

from mxtrain.backends import onednn
from mxtrain.ops._elementwise import BINARY, elementwise, ufunc
from mxtrain.ops._native import binary
from mxtrain.ops._slopes import DIV

OP = elementwise(
    "broadcast_div",
    ufunc("divide"),
    DIV,
    inputs=BINARY,
    broadcast=True,
    mxnet=("broadcast_div",),
    native=binary(onednn.Algorithm.DIV),
)
