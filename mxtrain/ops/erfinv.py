"""erfinv: the inverse of the error function, for elements between -1 and 1.

Shapes:
    data (any) -> output, same shape

Source: MXNet's erfinv.
"""

from __future__ import annotations

import math
from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise
from mxtrain.ops._special import erfinv


def run(params: Any, xp: Any, out: Any, data: Any) -> None:
    """out such that erf(out) = data."""
    out[...] = erfinv(xp, data)


def backward(params: Any, xp: Any, out: Any, dy: Any, output: Any) -> None:
    """dx = dy sqrt(pi) / 2 exp(output ** 2)."""
    xp.multiply(dy, math.sqrt(math.pi) / 2 * xp.exp(xp.square(output)), out=out)


OP = elementwise("erfinv", run, (Slope(backward, ("output",)),), mxnet=("erfinv",))
