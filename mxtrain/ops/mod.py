"""mod: what is left of lhs after whole rhs, with the sign of rhs; 0 where rhs is 0.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's _mod.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise
from mxtrain.ops._slopes import MOD, mod

OP = elementwise("mod", mod, MOD, inputs=BINARY, mxnet=("_mod", "_Mod"))
