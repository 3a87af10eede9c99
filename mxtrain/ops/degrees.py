"""degrees: radians as degrees.

Shapes:
    data (any) -> output, same shape

Source: MXNet's degrees.
"""

from __future__ import annotations

import math
from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise


def run(params: Any, xp: Any, out: Any, data: Any) -> None:
    """out = 180 data / pi."""
    xp.multiply(data, 180 / math.pi, out=out)


def backward(params: Any, xp: Any, out: Any, dy: Any) -> None:
    """dx = 180 dy / pi."""
    xp.multiply(dy, 180 / math.pi, out=out)


OP = elementwise("degrees", run, (Slope(backward),), mxnet=("degrees",))
