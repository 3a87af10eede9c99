"""reciprocal: one over each element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's reciprocal.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise


def run(params: Any, xp: Any, out: Any, data: Any) -> None:
    """out = 1 / data."""
    xp.divide(1, data, out=out)


def backward(params: Any, xp: Any, out: Any, dy: Any, y: Any) -> None:
    """dx = -dy * output ** 2."""
    xp.multiply(dy, y, out=out)
    xp.multiply(out, y, out=out)
    xp.negative(out, out=out)


OP = elementwise("reciprocal", run, (Slope(backward, ("output",), alias=False),), mxnet=("reciprocal",))
