"""not_equal: 1 where lhs is not equal to rhs, else 0, in the dtype of the inputs.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's _not_equal.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise, ufunc

OP = elementwise("not_equal", ufunc("not_equal"), (None, None), inputs=BINARY, mxnet=("_not_equal", "_Not_Equal"))
