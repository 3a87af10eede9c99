"""greater_equal: 1 where lhs is greater than or equal to rhs, else 0, in the dtype of the inputs.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's _greater_equal.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise, ufunc

OP = elementwise(
    "greater_equal", ufunc("greater_equal"), (None, None), inputs=BINARY, mxnet=("_greater_equal", "_Greater_Equal")
)
