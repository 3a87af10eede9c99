"""rsqrt: one over the square root of each element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's rsqrt.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise


def run(params: Any, xp: Any, out: Any, data: Any) -> None:
    """out = 1 / sqrt(data)."""
    xp.sqrt(data, out=out)
    xp.divide(1, out, out=out)


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any, y: Any) -> None:
    """dx = -dy * output / (2 data)."""
    xp.multiply(dy, y, out=out)
    xp.divide(out, data, out=out)
    xp.multiply(out, -0.5, out=out)


OP = elementwise("rsqrt", run, (Slope(backward, ("data", "output"), alias=False),), mxnet=("rsqrt",))
