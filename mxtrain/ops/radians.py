"""radians: degrees as radians.

Shapes:
    data (any) -> output, same shape

Source: MXNet's radians.
"""

from __future__ import annotations

import math
from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise


def run(params: Any, xp: Any, out: Any, data: Any) -> None:
    """out = pi data / 180."""
    xp.multiply(data, math.pi / 180, out=out)


def backward(params: Any, xp: Any, out: Any, dy: Any) -> None:
    """dx = pi dy / 180."""
    xp.multiply(dy, math.pi / 180, out=out)


OP = elementwise("radians", run, (Slope(backward),), mxnet=("radians",))
