"""floor: the largest integer not above each element. No gradient.

Shapes:
    data (any) -> output, same shape

Source: MXNet's floor.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import elementwise, ufunc

OP = elementwise("floor", ufunc("floor"), (None,), mxnet=("floor",))
