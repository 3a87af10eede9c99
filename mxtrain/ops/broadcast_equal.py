"""broadcast_equal: 1 where lhs is equal to rhs, else 0, in the dtype of the inputs.

Shapes:
    lhs (S), rhs (T) -> output (S and T broadcast: aligned at the right, axes of 1 stretched)

Source: MXNet's broadcast_equal.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise, ufunc

OP = elementwise(
    "broadcast_equal", ufunc("equal"), (None, None), inputs=BINARY, broadcast=True, mxnet=("broadcast_equal",)
)
