"""elemwise_div: the elementwise quotient.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's elemwise_div.
"""

from __future__ import annotations

from mxtrain.backends import onednn
from mxtrain.ops._elementwise import BINARY, elementwise, ufunc
from mxtrain.ops._native import binary
from mxtrain.ops._slopes import DIV

OP = elementwise(
    "elemwise_div",
    ufunc("divide"),
    DIV,
    inputs=BINARY,
    mxnet=("elemwise_div", "_div", "_Div"),
    native=binary(onednn.Algorithm.DIV),
)
