"""log10: the logarithm of each element to base 10.

Shapes:
    data (any) -> output, same shape

Source: MXNet's log10.
"""

from __future__ import annotations

import math
from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise, ufunc


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = dy / (data log(10))."""
    xp.multiply(data, math.log(10), out=out)
    xp.divide(dy, out, out=out)


OP = elementwise("log10", ufunc("log10"), (Slope(backward, ("data",), alias=False),), mxnet=("log10",))
