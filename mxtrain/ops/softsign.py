"""softsign: x / (1 + |x|) of each element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's softsign.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import Slope, elementwise


def run(params: Any, xp: Any, out: Any, data: Any) -> None:
    """out = data / (1 + |data|)."""
    xp.divide(data, 1 + xp.absolute(data), out=out)


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = dy / (1 + |data|) ** 2."""
    xp.divide(dy, xp.square(1 + xp.absolute(data)), out=out)


OP = elementwise("softsign", run, (Slope(backward, ("data",)),), mxnet=("softsign",))
