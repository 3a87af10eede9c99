"""sqrt: the square root of each element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's sqrt.
"""

from __future__ import annotations

from typing import Any

from mxtrain.backends import onednn
from mxtrain.ops._elementwise import Slope, elementwise, ufunc
from mxtrain.ops._native import eltwise


def backward(params: Any, xp: Any, out: Any, dy: Any, y: Any) -> None:
    """dx = dy / (2 output)."""
    xp.divide(dy, y, out=out)
    xp.multiply(out, 0.5, out=out)


OP = elementwise(
    "sqrt",
    ufunc("sqrt"),
    (Slope(backward, ("output",)),),
    mxnet=("sqrt",),
    native=eltwise(onednn.Algorithm.SQRT),
)
