"""logical_not: 1 where an element is 0, else 0. No gradient.

Shapes:
    data (any) -> output, same shape

Source: MXNet's logical_not.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import elementwise, ufunc

OP = elementwise("logical_not", ufunc("logical_not"), (None,), mxnet=("logical_not",))
