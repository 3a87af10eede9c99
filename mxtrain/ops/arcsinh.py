"""arcsinh: the inverse of the hyperbolic sine.

Shapes:
    data (any) -> output, same shape

Source: MXNet's arcsinh.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise, ufunc


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = dy / sqrt(data ** 2 + 1)."""
    xp.square(data, out=out)
    out += 1
    xp.sqrt(out, out=out)
    xp.divide(dy, out, out=out)


OP = elementwise("arcsinh", ufunc("arcsinh"), (Slope(backward, ("data",), alias=False),), mxnet=("arcsinh",))
