"""broadcast_logical_and: 1 where both lhs and rhs are not 0, else 0. No gradient.

Shapes:
    lhs (S), rhs (T) -> output (S and T broadcast: aligned at the right, axes of 1 stretched)

Source: MXNet's broadcast_logical_and.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise, ufunc

OP = elementwise(
    "broadcast_logical_and",
    ufunc("logical_and"),
    (None, None),
    inputs=BINARY,
    broadcast=True,
    mxnet=("broadcast_logical_and",),
)
