"""rcbrt: 1 / the cube root of each element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's rcbrt.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise


def run(params: Any, xp: Any, out: Any, data: Any) -> None:
    """out = 1 / cbrt(data)."""
    xp.cbrt(data, out=out)
    xp.reciprocal(out, out=out)


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = -dy / (3 data cbrt(data))."""
    xp.cbrt(data, out=out)
    out *= data
    out *= -3
    xp.divide(dy, out, out=out)


OP = elementwise("rcbrt", run, (Slope(backward, ("data",), alias=False),), alias=False, mxnet=("rcbrt",))
