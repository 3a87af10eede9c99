"""arctanh: the inverse of the hyperbolic tangent, for elements between -1 and 1.

Shapes:
    data (any) -> output, same shape

Source: MXNet's arctanh.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise, ufunc


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = dy / (1 - data ** 2)."""
    xp.square(data, out=out)
    xp.subtract(1, out, out=out)
    xp.divide(dy, out, out=out)


OP = elementwise("arctanh", ufunc("arctanh"), (Slope(backward, ("data",), alias=False),), mxnet=("arctanh",))
