"""elemwise_add: the elementwise sum.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's elemwise_add.
"""

from __future__ import annotations

from mxtrain.backends import onednn
from mxtrain.ops._add_act import absorb
from mxtrain.ops._elementwise import BINARY, elementwise, fast_binary, ufunc
from mxtrain.ops._slopes import ADD

OP = elementwise(
    "elemwise_add",
    ufunc("add"),
    ADD,
    inputs=BINARY,
    mxnet=("elemwise_add", "_add", "_plus", "_Plus"),
    absorb=absorb,
    kernels={"onednn": fast_binary(onednn.Algorithm.ADD)},
)
