"""logical_and: 1 where both lhs and rhs are not 0, else 0. No gradient.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's _logical_and.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise, ufunc

OP = elementwise(
    "logical_and", ufunc("logical_and"), (None, None), inputs=BINARY, mxnet=("_logical_and", "_Logical_And")
)
