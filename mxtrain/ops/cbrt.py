"""cbrt: the cube root of each element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's cbrt.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise, ufunc


def backward(params: Any, xp: Any, out: Any, dy: Any, output: Any) -> None:
    """dx = dy / (3 output ** 2)."""
    xp.square(output, out=out)
    out *= 3
    xp.divide(dy, out, out=out)


OP = elementwise("cbrt", ufunc("cbrt"), (Slope(backward, ("output",), alias=False),), mxnet=("cbrt",))
