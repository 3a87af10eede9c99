"""lesser: 1 where lhs is less than rhs, else 0, in the dtype of the inputs.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's _lesser.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise, ufunc

OP = elementwise("lesser", ufunc("less"), (None, None), inputs=BINARY, mxnet=("_lesser", "_Lesser"))
