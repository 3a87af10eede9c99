"""minimum: the elementwise smaller of two. Where they are equal, the gradient goes to lhs.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's _minimum.
"""

from __future__ import annotations

from mxtrain.backends import onednn
from mxtrain.ops._elementwise import BINARY, elementwise, ufunc
from mxtrain.ops._native import binary
from mxtrain.ops._slopes import MINIMUM

OP = elementwise(
    "minimum",
    ufunc("minimum"),
    MINIMUM,
    inputs=BINARY,
    mxnet=("_minimum", "_Minimum"),
    native=binary(onednn.Algorithm.MIN),
)
