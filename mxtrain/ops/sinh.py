"""sinh: the hyperbolic sine of each element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's sinh.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise, ufunc


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = dy * cosh(data)."""
    xp.cosh(data, out=out)
    xp.multiply(out, dy, out=out)


OP = elementwise("sinh", ufunc("sinh"), (Slope(backward, ("data",), alias=False),), mxnet=("sinh",))
