"""square: the square of each element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's square.
"""

from __future__ import annotations

from typing import Any

from mxtrain.backends import onednn
from mxtrain.ops._elementwise import Slope, elementwise, ufunc
from mxtrain.ops._native import eltwise


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = 2 dy * data."""
    xp.multiply(dy, data, out=out)
    xp.multiply(out, 2, out=out)


OP = elementwise(
    "square",
    ufunc("square"),
    (Slope(backward, ("data",)),),
    mxnet=("square",),
    native=eltwise(onednn.Algorithm.SQUARE),
)
