"""broadcast_logical_or: 1 where lhs or rhs is not 0, else 0. No gradient.

Shapes:
    lhs (S), rhs (T) -> output (S and T broadcast: aligned at the right, axes of 1 stretched)

Source: MXNet's broadcast_logical_or.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise, ufunc

OP = elementwise(
    "broadcast_logical_or",
    ufunc("logical_or"),
    (None, None),
    inputs=BINARY,
    broadcast=True,
    mxnet=("broadcast_logical_or",),
)
