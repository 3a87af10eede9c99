"""hypot_scalar: the square root of data ** 2 + scalar ** 2.

Shapes:
    data (any) -> output, same shape

Source: MXNet's _hypot_scalar.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import ScalarParams, Slope, elementwise, with_scalar


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any, output: Any) -> None:
    """dx = dy * data / output."""
    xp.multiply(dy, data / output, out=out)


OP = elementwise(
    "hypot_scalar",
    with_scalar("hypot"),
    (Slope(backward, ("data", "output")),),
    params=ScalarParams,
    mxnet=("_hypot_scalar", "_HypotScalar"),
)
