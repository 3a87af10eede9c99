"""elemwise_sub: the elementwise difference.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's elemwise_sub.
"""

from __future__ import annotations

from mxtrain.backends import onednn
from mxtrain.ops._elementwise import BINARY, elementwise, ufunc
from mxtrain.ops._native import binary
from mxtrain.ops._slopes import SUB

OP = elementwise(
    "elemwise_sub",
    ufunc("subtract"),
    SUB,
    inputs=BINARY,
    mxnet=("elemwise_sub", "_sub", "_minus", "_Minus"),
    native=binary(onednn.Algorithm.SUB),
)
