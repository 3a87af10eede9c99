"""erf: the error function of each element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's erf.
"""

from __future__ import annotations

import math
from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise
from mxtrain.ops._special import erf


def run(params: Any, xp: Any, out: Any, data: Any) -> None:
    """out = 2 / sqrt(pi) times the integral of exp(-t ** 2) from 0 to data."""
    out[...] = erf(xp, data)


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = 2 dy / sqrt(pi) exp(-data ** 2)."""
    xp.multiply(dy, 2 / math.sqrt(math.pi) * xp.exp(-xp.square(data)), out=out)


OP = elementwise("erf", run, (Slope(backward, ("data",)),), mxnet=("erf",))
