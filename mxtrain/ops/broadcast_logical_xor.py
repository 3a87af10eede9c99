"""broadcast_logical_xor: 1 where one of lhs and rhs is 0 and the other is not, else 0. No gradient.

Shapes:
    lhs (S), rhs (T) -> output (S and T broadcast: aligned at the right, axes of 1 stretched)

Source: MXNet's broadcast_logical_xor.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise, ufunc

OP = elementwise(
    "broadcast_logical_xor",
    ufunc("logical_xor"),
    (None, None),
    inputs=BINARY,
    broadcast=True,
    mxnet=("broadcast_logical_xor",),
)
