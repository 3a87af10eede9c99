"""div_sqrt_dim: each element divided by the square root of the length of the last axis.

Shapes:
    data (..., D) -> output, same shape

Source: MXNet's _contrib_div_sqrt_dim; Vaswani et al., "Attention is all you need", 2017.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, same_type


def infer(params: Any, ins: Types, outs: Types) -> Inferred:
    """One type.

    Raises:
        ShapeError: if there is no axis.
    """
    result = same_type(params, ins, outs)
    if result[0][0].shape == ():
        raise ShapeError("'data' must have an axis, got a number")
    return result


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    xp.multiply(ins[0], 1 / math.sqrt(max(ins[0].shape[-1], 1)), out=outs[0])


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """As the forward."""
    return [dy[0] and apply_node(OP, f"{node.name}_backward", (dy[0],), node.params)[0]]


OP = Op(
    "div_sqrt_dim", infer, array_code(run, ((0, 0),)), mxnet=("_contrib_div_sqrt_dim",), gradient=gradient,
    precision="follow",
)  # fmt: skip
