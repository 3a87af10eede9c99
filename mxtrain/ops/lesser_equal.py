"""lesser_equal: 1 where lhs is less than or equal to rhs, else 0, in the dtype of the inputs.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's _lesser_equal.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise, ufunc

OP = elementwise(
    "lesser_equal", ufunc("less_equal"), (None, None), inputs=BINARY, mxnet=("_lesser_equal", "_Lesser_Equal")
)
