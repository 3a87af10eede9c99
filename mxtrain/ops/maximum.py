"""maximum: the elementwise larger of two. Where they are equal, the gradient goes to lhs.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's _maximum.
"""

from __future__ import annotations

from mxtrain.backends import onednn
from mxtrain.ops._elementwise import BINARY, elementwise, ufunc
from mxtrain.ops._native import binary
from mxtrain.ops._slopes import MAXIMUM

OP = elementwise(
    "maximum",
    ufunc("maximum"),
    MAXIMUM,
    inputs=BINARY,
    mxnet=("_maximum", "_Maximum"),
    native=binary(onednn.Algorithm.MAX),
)
