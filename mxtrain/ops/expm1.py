"""expm1: exp(x) - 1, exact near 0.

Shapes:
    data (any) -> output, same shape

Source: MXNet's expm1.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise, ufunc


def backward(params: Any, xp: Any, out: Any, dy: Any, y: Any) -> None:
    """dx = dy * (output + 1)."""
    xp.add(y, 1, out=out)
    xp.multiply(dy, out, out=out)


OP = elementwise("expm1", ufunc("expm1"), (Slope(backward, ("output",), alias=False),), mxnet=("expm1",))
