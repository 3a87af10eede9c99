"""gammaln: the logarithm of the absolute value of the gamma function.

Shapes:
    data (any) -> output, same shape

Source: MXNet's gammaln.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise
from mxtrain.ops._special import digamma, gammaln


def run(params: Any, xp: Any, out: Any, data: Any) -> None:
    """out = log |gamma(data)|."""
    out[...] = gammaln(xp, data)


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = dy digamma(data)."""
    xp.multiply(dy, digamma(xp, data), out=out)


OP = elementwise("gammaln", run, (Slope(backward, ("data",)),), mxnet=("gammaln",))
