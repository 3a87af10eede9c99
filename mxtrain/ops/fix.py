"""fix: the nearest integer towards 0. No gradient.

Shapes:
    data (any) -> output, same shape

Source: MXNet's fix.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import elementwise, ufunc

OP = elementwise("fix", ufunc("trunc"), (None,), mxnet=("fix",))
