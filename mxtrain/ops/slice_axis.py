"""slice_axis: a range of one axis.

Shapes:
    data (..., A, ...) -> output (..., end - begin, ...)

Source: MXNet's slice_axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._infer import Inferred, Types, dtype_of, normal_axis
from mxtrain.ops._move import Span, moving_code, placed, window


@declare
class Params:
    """Parameters of slice_axis."""

    axis: int = param(doc="the axis; negative: counted from the end")
    begin: int = param(doc="first index; negative: counted from the end")
    end: int | None = param(doc="index after the last; negative: counted from the end; None: to the end")


def limits(p: Params, size: int) -> tuple[int, int]:
    """(begin, end) counted from the front.

    Raises:
        ShapeError: if they do not name at least one element of an axis of this size.
    """
    begin = p.begin + size if p.begin < 0 else p.begin
    end = size if p.end is None else p.end + size if p.end < 0 else p.end
    if not 0 <= begin < end <= size:
        raise ShapeError(f"begin {p.begin} and end {p.end} must name at least one element of an axis of {size}")
    return begin, end


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """The other axes are the same on both sides."""
    dtype = dtype_of(ins[0], outs[0])
    data, out = ins[0].shape, outs[0].shape
    if data is None and out is not None:
        axis = normal_axis(p.axis, len(out))
        data = (*out[:axis], None, *out[axis + 1 :])
    if data is None:
        return [PartialType(None, dtype)], [PartialType(None, dtype)]
    axis = normal_axis(p.axis, len(data))
    size = data[axis]
    if out is not None and len(out) == len(data):
        data = tuple(o if d is None and a != axis else d for a, (d, o) in enumerate(zip(data, out, strict=True)))
    count = None
    if size is not None:
        begin, end = limits(p, size)
        count = end - begin
    return [PartialType(data, dtype)], [PartialType((*data[:axis], count, *data[axis + 1 :]), dtype)]


def spans(p: Params, shape: Shape) -> tuple[Span, ...]:
    """What is cut out of each axis."""
    axis = normal_axis(p.axis, len(shape))
    begin, end = limits(p, shape[axis])
    return tuple((begin, end - begin, 1) if a == axis else (0, n, 1) for a, n in enumerate(shape))


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    outs[0][...] = window(ins[0], spans(node.params, ins[0].shape))


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Zeros around the range."""
    shape = node.inputs[0].type.shape
    return [dy[0] and placed(f"{node.name}_backward", dy[0], spans(node.params, shape), shape)]


OP = Op(
    "slice_axis", infer, {**moving_code(run)}, params=Params, mxnet=("slice_axis",), gradient=gradient,
    layout="follow", precision="follow",
)  # fmt: skip
