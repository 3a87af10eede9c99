"""logical_or: 1 where lhs or rhs is not 0, else 0. No gradient.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's _logical_or.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise, ufunc

OP = elementwise("logical_or", ufunc("logical_or"), (None, None), inputs=BINARY, mxnet=("_logical_or", "_Logical_Or"))
