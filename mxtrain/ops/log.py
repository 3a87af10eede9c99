"""log: the natural logarithm of each element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's log.
"""

from __future__ import annotations

from typing import Any

from mxtrain.backends import onednn
from mxtrain.ops._elementwise import Slope, elementwise, ufunc
from mxtrain.ops._native import eltwise


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = dy / data."""
    xp.divide(dy, data, out=out)


OP = elementwise(
    "log",
    ufunc("log"),
    (Slope(backward, ("data",)),),
    mxnet=("log",),
    native=eltwise(onednn.Algorithm.LOG),
)
