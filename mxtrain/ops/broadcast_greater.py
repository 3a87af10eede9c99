"""broadcast_greater: 1 where lhs is greater than rhs, else 0, in the dtype of the inputs.

Shapes:
    lhs (S), rhs (T) -> output (S and T broadcast: aligned at the right, axes of 1 stretched)

Source: MXNet's broadcast_greater.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise, ufunc

OP = elementwise(
    "broadcast_greater", ufunc("greater"), (None, None), inputs=BINARY, broadcast=True, mxnet=("broadcast_greater",)
)
