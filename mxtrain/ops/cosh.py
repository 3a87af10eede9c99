"""cosh: the hyperbolic cosine of each element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's cosh.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise, ufunc


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = dy * sinh(data)."""
    xp.sinh(data, out=out)
    xp.multiply(out, dy, out=out)


OP = elementwise("cosh", ufunc("cosh"), (Slope(backward, ("data",), alias=False),), mxnet=("cosh",))
