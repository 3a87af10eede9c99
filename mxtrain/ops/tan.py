"""tan: the tangent of each element, in radians.

Shapes:
    data (any) -> output, same shape

Source: MXNet's tan.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise, ufunc


def backward(params: Any, xp: Any, out: Any, dy: Any, output: Any) -> None:
    """dx = dy * (output ** 2 + 1)."""
    xp.square(output, out=out)
    out += 1
    xp.multiply(out, dy, out=out)


OP = elementwise("tan", ufunc("tan"), (Slope(backward, ("output",), alias=False),), mxnet=("tan",))
