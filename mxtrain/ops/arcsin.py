"""arcsin: the angle in [-pi/2, pi/2] whose sine each element is.

Shapes:
    data (any) -> output, same shape

Source: MXNet's arcsin.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise, ufunc


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = dy / sqrt(1 - data ** 2)."""
    xp.square(data, out=out)
    xp.subtract(1, out, out=out)
    xp.sqrt(out, out=out)
    xp.divide(dy, out, out=out)


OP = elementwise("arcsin", ufunc("arcsin"), (Slope(backward, ("data",), alias=False),), mxnet=("arcsin",))
