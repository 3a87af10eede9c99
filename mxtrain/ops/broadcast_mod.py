"""broadcast_mod: what is left of lhs after whole rhs, with the sign of rhs; 0 where rhs is 0.

Shapes:
    lhs (S), rhs (T) -> output (S and T broadcast: aligned at the right, axes of 1 stretched)

Source: MXNet's broadcast_mod.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise
from mxtrain.ops._slopes import MOD, mod

OP = elementwise("broadcast_mod", mod, MOD, inputs=BINARY, broadcast=True, mxnet=("broadcast_mod",))
