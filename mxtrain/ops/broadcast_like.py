"""broadcast_like: axes of 1 repeated to the sizes of another tensor.

Shapes:
    lhs (A...), rhs (B...) -> output (B...): every A is B or 1

Source: MXNet's broadcast_like, without its lhs_axes and rhs_axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._infer import Inferred, Types, dtype_of
from mxtrain.ops._move import moving_code
from mxtrain.ops._reduce import summed


def infer(p: Any, ins: Types, outs: Types) -> Inferred:
    """The shape of the second input.

    Raises:
        ShapeError: if an axis is neither 1 nor as long.
    """
    dtype = dtype_of(ins[0], outs[0])
    lhs, rhs = ins[0].shape, ins[1].shape
    if lhs is not None and rhs is not None:
        fits = len(lhs) == len(rhs) and all(
            x in (None, 1) or y is None or x == y for x, y in zip(lhs, rhs, strict=True)
        )
        if not fits:
            raise ShapeError(f"every axis of 'lhs' {ins[0]} must be 1 or as in 'rhs' {ins[1]}")
    return [PartialType(lhs, dtype), ins[1]], [PartialType(rhs, dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    outs[0][...] = ins[0]


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """The sum over the axes that were repeated; the second input lends only its shape."""
    small, large = node.inputs[0].type.shape, node.types[0].shape
    axes = [a for a, (x, y) in enumerate(zip(small, large, strict=True)) if x != y]
    return [dy[0] and (summed(f"{node.name}_backward", dy[0], axes) if axes else dy[0]), None]


OP = Op(
    "broadcast_like", infer, moving_code(run), inputs=("lhs", "rhs"), mxnet=("broadcast_like",),
    gradient=gradient, precision="follow",
)  # fmt: skip
