"""cos: the cosine of each element, in radians.

Shapes:
    data (any) -> output, same shape

Source: MXNet's cos.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise, ufunc


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = -dy * sin(data)."""
    xp.sin(data, out=out)
    xp.multiply(out, dy, out=out)
    xp.negative(out, out=out)


OP = elementwise("cos", ufunc("cos"), (Slope(backward, ("data",), alias=False),), mxnet=("cos",))
