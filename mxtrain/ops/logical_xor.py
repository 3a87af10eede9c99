"""logical_xor: 1 where one of lhs and rhs is 0 and the other is not, else 0. No gradient.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's _logical_xor.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise, ufunc

OP = elementwise(
    "logical_xor", ufunc("logical_xor"), (None, None), inputs=BINARY, mxnet=("_logical_xor", "_Logical_Xor")
)
