"""trunc: the whole part of each element: the nearest integer towards 0. No gradient.

Shapes:
    data (any) -> output, same shape

Source: MXNet's trunc.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import elementwise, ufunc

OP = elementwise("trunc", ufunc("trunc"), (None,), mxnet=("trunc",))
