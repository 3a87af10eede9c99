"""log2: the logarithm of each element to base 2.

Shapes:
    data (any) -> output, same shape

Source: MXNet's log2.
"""

from __future__ import annotations

import math
from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise, ufunc


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = dy / (data log(2))."""
    xp.multiply(data, math.log(2), out=out)
    xp.divide(dy, out, out=out)


OP = elementwise("log2", ufunc("log2"), (Slope(backward, ("data",), alias=False),), mxnet=("log2",))
