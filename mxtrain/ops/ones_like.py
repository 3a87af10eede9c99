"""ones_like: ones of the type of the input.

Shapes:
    data (any) -> output, same shape

Source: MXNet's ones_like.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.graph import Entry, Node
from mxtrain.ops._pointwise import pointwise_op


def run(params: Any, xp: Any, out: Any, data: Any) -> None:
    """out = 1."""
    out[...] = 1


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """A constant has none."""
    return [None]


OP = pointwise_op("ones_like", run, alias=True, gradient=gradient, mxnet=("ones_like",))
