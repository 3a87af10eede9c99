"""broadcast_power: the elementwise power, lhs to the rhs.

Shapes:
    lhs (S), rhs (T) -> output (S and T broadcast: aligned at the right, axes of 1 stretched)

Source: MXNet's broadcast_power.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise, ufunc
from mxtrain.ops._slopes import POWER

OP = elementwise("broadcast_power", ufunc("power"), POWER, inputs=BINARY, broadcast=True, mxnet=("broadcast_power",))
