"""log1p: log(1 + x), exact near 0.

Shapes:
    data (any) -> output, same shape

Source: MXNet's log1p.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise, ufunc


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = dy / (1 + data)."""
    xp.add(data, 1, out=out)
    xp.divide(dy, out, out=out)


OP = elementwise("log1p", ufunc("log1p"), (Slope(backward, ("data",), alias=False),), mxnet=("log1p",))
