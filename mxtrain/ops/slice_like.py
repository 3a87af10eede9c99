"""slice_like: the beginning of each axis, as long as another tensor's.

Shapes:
    data (A...), shape_like (B...) -> output (B...); with `axes` only those are cut

Source: MXNet's slice_like.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._axes import Axes
from mxtrain.ops._infer import Inferred, Types, dtype_of, normal_axis
from mxtrain.ops._move import Span, moving_code, placed, window


@declare
class Params:
    """Parameters of slice_like."""

    axes: Axes = param((), doc="the axes that are cut; negative: from the end; none: all")


def cut_axes(p: Params, data: int, like: int) -> set[int]:
    """The axes that are cut, of tensors of these ranks.

    Raises:
        ShapeError: if there is no such axis in both, or the ranks differ where all axes are cut.
    """
    if not p.axes and data != like:
        raise ShapeError(f"inputs 'data' and 'shape_like' must have as many axes, got {data} and {like}; or name axes")
    found = {normal_axis(a, data) for a in p.axes} or set(range(data))
    if max(found, default=0) >= like:
        raise ShapeError(f"axis {max(found)} is out of range for the {like} axes of 'shape_like'")
    return found


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Cut axes from the second input, others from the first.

    Raises:
        ShapeError: if an axis is shorter than it shall be.
    """
    dtype = dtype_of(ins[0], outs[0])
    data, like = ins[0].shape, ins[1].shape
    if data is None or like is None:
        return [PartialType(data, dtype), ins[1]], [PartialType(None, dtype)]
    axes = cut_axes(p, len(data), len(like))
    out = tuple(like[a] if a in axes else d for a, d in enumerate(data))
    for a, (d, o) in enumerate(zip(data, out, strict=True)):
        if d is not None and o is not None and o > d:
            raise ShapeError(f"axis {a} of 'data' {ins[0]} must be at least {o}, as in 'shape_like' {ins[1]}")
    return [PartialType(data, dtype), ins[1]], [PartialType(out, dtype)]


def spans(shape: Shape) -> tuple[Span, ...]:
    """The beginning of each axis."""
    return tuple((0, n, 1) for n in shape)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    outs[0][...] = window(ins[0], spans(node.types[0].shape))


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Zeros behind; the second input lends only its shape."""
    shape = node.inputs[0].type.shape
    return [dy[0] and placed(f"{node.name}_backward", dy[0], spans(node.types[0].shape), shape), None]


OP = Op(
    "slice_like", infer, {**moving_code(run)}, params=Params, inputs=("data", "shape_like"), mxnet=("slice_like",),
    gradient=gradient, precision="follow",
)  # fmt: skip
