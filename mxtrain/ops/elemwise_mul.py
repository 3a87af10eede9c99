"""elemwise_mul: the elementwise product.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's elemwise_mul.
"""

from __future__ import annotations

from mxtrain.backends import onednn
from mxtrain.ops._elementwise import BINARY, elementwise, ufunc
from mxtrain.ops._native import binary
from mxtrain.ops._slopes import MUL

OP = elementwise(
    "elemwise_mul",
    ufunc("multiply"),
    MUL,
    inputs=BINARY,
    mxnet=("elemwise_mul", "_mul", "_Mul"),
    native=binary(onednn.Algorithm.MUL),
)
