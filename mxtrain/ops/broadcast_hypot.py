"""broadcast_hypot: the square root of lhs ** 2 + rhs ** 2.

Shapes:
    lhs (S), rhs (T) -> output (S and T broadcast: aligned at the right, axes of 1 stretched)

Source: MXNet's broadcast_hypot.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise, ufunc
from mxtrain.ops._slopes import HYPOT

OP = elementwise("broadcast_hypot", ufunc("hypot"), HYPOT, inputs=BINARY, broadcast=True, mxnet=("broadcast_hypot",))
