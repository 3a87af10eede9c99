"""maximum: the elementwise larger of two. Where they are equal, the gradient goes to lhs.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's _maximum.
"""

from __future__ import annotations

from mxtrain.backends import onednn
from mxtrain.ops._elementwise import BINARY, elementwise, fast_binary, ufunc
from mxtrain.ops._slopes import MAXIMUM

OP = elementwise(
    "maximum",
    ufunc("maximum"),
    MAXIMUM,
    inputs=BINARY,
    mxnet=("_maximum", "_Maximum"),
    kernels={"onednn": fast_binary(onednn.Algorithm.MAX)},
)
