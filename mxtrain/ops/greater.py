"""greater: 1 where lhs is greater than rhs, else 0, in the dtype of the inputs.

Shapes:
    lhs (S), rhs (S) -> output (S)

Source: MXNet's _greater.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import BINARY, elementwise, ufunc

OP = elementwise("greater", ufunc("greater"), (None, None), inputs=BINARY, mxnet=("_greater", "_Greater"))
