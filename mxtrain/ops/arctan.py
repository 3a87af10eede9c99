"""arctan: the angle in (-pi/2, pi/2) whose tangent each element is.

Shapes:
    data (any) -> output, same shape

Source: MXNet's arctan.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise, ufunc


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = dy / (1 + data ** 2)."""
    xp.square(data, out=out)
    out += 1
    xp.divide(dy, out, out=out)


OP = elementwise("arctan", ufunc("arctan"), (Slope(backward, ("data",), alias=False),), mxnet=("arctan",))
