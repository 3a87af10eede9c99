"""power: the elementwise power, lhs to the rhs.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's _power.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise, ufunc
from mxtrain.ops._slopes import POWER

OP = elementwise("power", ufunc("power"), POWER, inputs=BINARY, mxnet=("_power", "_Power"))
