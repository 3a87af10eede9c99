"""broadcast_greater_equal: 1 where lhs is greater than or equal to rhs, else 0, in the dtype of the inputs.

Shapes:
    lhs (S), rhs (T) -> output (S and T broadcast: aligned at the right, axes of 1 stretched)

Source: MXNet's broadcast_greater_equal.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise, ufunc

OP = elementwise(
    "broadcast_greater_equal",
    ufunc("greater_equal"),
    (None, None),
    inputs=BINARY,
    broadcast=True,
    mxnet=("broadcast_greater_equal",),
)
