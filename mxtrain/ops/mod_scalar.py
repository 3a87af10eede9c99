"""mod_scalar: what is left of data after whole scalars, with the sign of scalar; 0 if scalar is 0.

Shapes:
    data (any) -> output, same shape

Source: MXNet's _mod_scalar.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import SAME, ScalarParams, elementwise


def run(params: ScalarParams, xp: Any, out: Any, data: Any) -> None:
    """out = data modulo scalar."""
    if params.scalar == 0:
        out[...] = 0
    else:
        xp.remainder(data, data.dtype.type(params.scalar), out=out)


OP = elementwise("mod_scalar", run, (SAME,), params=ScalarParams, mxnet=("_mod_scalar", "_ModScalar"))
