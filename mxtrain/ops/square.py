"""square: the square of each element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's square.
"""

from __future__ import annotations

from typing import Any

from mxtrain.backends import onednn
from mxtrain.ops._elementwise import Slope, elementwise, fast_eltwise, ufunc


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = 2 dy * data."""
    xp.multiply(dy, data, out=out)
    xp.multiply(out, 2, out=out)


OP = elementwise(
    "square",
    ufunc("square"),
    (Slope(backward, ("data",)),),
    mxnet=("square",),
    kernels={"onednn": fast_eltwise(onednn.Algorithm.SQUARE)},
)
