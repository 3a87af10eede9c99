"""gamma: the gamma function of each element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's gamma.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise
from mxtrain.ops._special import digamma, gamma


def run(params: Any, xp: Any, out: Any, data: Any) -> None:
    """out = gamma(data)."""
    out[...] = gamma(xp, data)


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any, output: Any) -> None:
    """dx = dy output digamma(data)."""
    xp.multiply(dy, output * digamma(xp, data), out=out)


OP = elementwise("gamma", run, (Slope(backward, ("data", "output")),), mxnet=("gamma",))
