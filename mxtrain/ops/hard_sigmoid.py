"""hard_sigmoid: alpha x + beta, kept between 0 and 1.

Shapes:
    data (any) -> output, same shape

Source: MXNet's hard_sigmoid.
"""

from __future__ import annotations

from typing import Any

from mxtrain.base.params import declare, param
from mxtrain.ops._elementwise import Slope, elementwise


@declare
class Params:
    """Parameters of hard_sigmoid."""

    alpha: float = param(0.2, doc="the slope")
    beta: float = param(0.5, doc="the value at 0")


def run(params: Any, xp: Any, out: Any, data: Any) -> None:
    """out = min(max(alpha data + beta, 0), 1)."""
    xp.multiply(data, data.dtype.type(params.alpha), out=out)
    xp.add(out, data.dtype.type(params.beta), out=out)
    xp.clip(out, 0, 1, out=out)


def backward(params: Any, xp: Any, out: Any, dy: Any, output: Any) -> None:
    """dx = alpha dy strictly between 0 and 1."""
    xp.multiply(dy, output.dtype.type(params.alpha), out=out)
    xp.multiply(out, output > 0, out=out)
    xp.multiply(out, output < 1, out=out)


OP = elementwise(
    "hard_sigmoid", run, (Slope(backward, ("output",), alias=False),), params=Params, mxnet=("hard_sigmoid",)
)
