"""elemwise_add: the elementwise sum.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's elemwise_add.
"""

from __future__ import annotations

from mxtrain.backends import onednn
from mxtrain.ops._add_act import absorb
from mxtrain.ops._elementwise import BINARY, elementwise, ufunc
from mxtrain.ops._native import binary
from mxtrain.ops._slopes import ADD

OP = elementwise(
    "elemwise_add",
    ufunc("add"),
    ADD,
    inputs=BINARY,
    mxnet=("elemwise_add", "_add", "_plus", "_Plus"),
    absorb=absorb,
    native=binary(onednn.Algorithm.ADD),
)
