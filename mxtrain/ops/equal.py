"""equal: 1 where lhs is equal to rhs, else 0, in the dtype of the inputs.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's _equal.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise, ufunc

OP = elementwise("equal", ufunc("equal"), (None, None), inputs=BINARY, mxnet=("_equal", "_Equal"))
