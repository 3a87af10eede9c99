"""sin: the sine of each element, in radians.

Shapes:
    data (any) -> output, same shape

Source: MXNet's sin.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise, ufunc


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = dy * cos(data)."""
    xp.cos(data, out=out)
    xp.multiply(out, dy, out=out)


OP = elementwise("sin", ufunc("sin"), (Slope(backward, ("data",), alias=False),), mxnet=("sin",))
