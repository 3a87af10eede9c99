"""sign: -1, 0 or 1 as each element is below, at or above 0. No gradient.

Shapes:
    data (any) -> output, same shape

Source: MXNet's sign.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import elementwise, ufunc

OP = elementwise("sign", ufunc("sign"), (None,), mxnet=("sign",))
