"""round: the nearest integer, halves away from 0. No gradient.

Shapes:
    data (any) -> output, same shape

Source: MXNet's round.
"""

from __future__ import annotations

from typing import Any

from mxtrain.ops._elementwise import elementwise


def run(params: Any, xp: Any, out: Any, data: Any) -> None:
    """The whole part, and one more where what is left is at least a half."""
    xp.trunc(data, out=out)
    out += xp.trunc(2 * (data - out))


OP = elementwise("round", run, (None,), alias=False, mxnet=("round",))
