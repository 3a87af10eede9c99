"""hypot: the square root of lhs ** 2 + rhs ** 2.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's _hypot.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise, ufunc
from mxtrain.ops._slopes import HYPOT

OP = elementwise("hypot", ufunc("hypot"), HYPOT, inputs=BINARY, mxnet=("_hypot", "_Hypot"))
