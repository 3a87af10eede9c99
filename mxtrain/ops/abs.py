"""abs: the magnitude of each element. The gradient at 0 is 0.

Shapes:
    data (any) -> output, same shape

Source: MXNet's abs.
"""

from __future__ import annotations

from typing import Any

from mxtrain.backends import onednn
from mxtrain.ops._elementwise import Slope, elementwise, ufunc
from mxtrain.ops._native import eltwise


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = dy * sign(data)."""
    xp.sign(data, out=out)
    xp.multiply(out, dy, out=out)


OP = elementwise(
    "abs",
    ufunc("abs"),
    (Slope(backward, ("data",), alias=False),),
    mxnet=("abs",),
    native=eltwise(onednn.Algorithm.ABS),
)
