"""identity: the same tensor in a buffer of its own.

Shapes:
    data (any) -> output, same shape

Source: MXNet's _copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.graph import Entry, Node
from mxtrain.ops._pointwise import pointwise_op


def run(params: Any, xp: Any, out: Any, data: Any) -> None:
    """out = data."""
    xp.copyto(out, data)


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Unchanged."""
    return list(dy)


OP = pointwise_op("identity", run, alias=True, gradient=gradient, mxnet=("_copy", "identity"))
