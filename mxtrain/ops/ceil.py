"""ceil: the smallest integer not below each element. No gradient.

Shapes:
    data (any) -> output, same shape

Source: MXNet's ceil.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import elementwise, ufunc

OP = elementwise("ceil", ufunc("ceil"), (None,), mxnet=("ceil",))
