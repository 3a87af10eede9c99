"""broadcast_like: axes of 1 repeated to the sizes of another tensor.

Shapes:
    lhs (A...), rhs (B...) -> output (B...): every A is B or 1
    with lhs_axes and rhs_axes: only these axes of lhs, to the sizes of those of rhs, pair by pair

Source: MXNet's broadcast_like.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialShape, PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._axes import Axes
from mxtrain.ops._infer import Inferred, Types, dtype_of, normal_axis
from mxtrain.ops._move import moving_code
from mxtrain.ops._reduce import summed


@declare
class Params:
    """Parameters of broadcast_like."""

    lhs_axes: Axes = param((), doc="axes of lhs that are repeated; empty: all; negative: from the end")
    rhs_axes: Axes = param((), doc="axes of rhs that say how often")


def wanted(p: Params, lhs: PartialType, rhs: PartialType) -> PartialShape | None:
    """The shape that lhs shall have; None if too little is known.

    Raises:
        ShapeError: if there are not as many axes of both.
    """
    if len(p.lhs_axes) != len(p.rhs_axes):
        raise ShapeError(f"lhs_axes {p.lhs_axes} and rhs_axes {p.rhs_axes} must name as many axes")
    if lhs.shape is None or rhs.shape is None:
        return None if p.lhs_axes else rhs.shape
    if not p.lhs_axes:
        return rhs.shape
    sizes = list(lhs.shape)
    for a, b in zip(p.lhs_axes, p.rhs_axes, strict=True):
        sizes[normal_axis(a, len(sizes))] = rhs.shape[normal_axis(b, len(rhs.shape))]
    return tuple(sizes)


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """The shape of the second input, or of some of its axes.

    Raises:
        ShapeError: if an axis is neither 1 nor as long.
    """
    dtype = dtype_of(ins[0], outs[0])
    lhs, want = ins[0].shape, wanted(p, *ins)
    if lhs is not None and want is not None:
        fits = len(lhs) == len(want) and all(
            x in (None, 1) or y is None or x == y for x, y in zip(lhs, want, strict=True)
        )
        if not fits:
            raise ShapeError(f"every axis of 'lhs' {ins[0]} must be 1 or as in 'rhs' {ins[1]}")
    return [PartialType(lhs, dtype), ins[1]], [PartialType(want, dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    outs[0][...] = ins[0]


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """The sum over the axes that were repeated; the second input lends only its shape."""
    small, large = node.inputs[0].type.shape, node.types[0].shape
    axes = [a for a, (x, y) in enumerate(zip(small, large, strict=True)) if x != y]
    return [dy[0] and (summed(f"{node.name}_backward", dy[0], axes) if axes else dy[0]), None]


OP = Op(
    "broadcast_like", infer, moving_code(run), params=Params, inputs=("lhs", "rhs"), mxnet=("broadcast_like",),
    gradient=gradient, precision="follow",
)  # fmt: skip
