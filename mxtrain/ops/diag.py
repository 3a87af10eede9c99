"""diag: the diagonal of matrices, or a matrix with a given diagonal.

Shapes:
    data (A..., M, B..., N, C...) -> output (A..., B..., C..., D): the axes axis1 and axis2 become the D elements of the
    diagonal k above the main one (below it, if negative)
    data (D,) -> output (D + |k|, D + |k|): zeros, but for that diagonal

Source: MXNet's diag.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, normal_axis


@declare
class Params:
    """Parameters of diag."""

    k: int = param(0, doc="which diagonal: above the main one; negative: below it")
    axis1: int = param(0, doc="axis of the rows")
    axis2: int = param(1, doc="axis of the columns")


@dataclass(frozen=True)
class Backward:
    """The forward's parameters, and the shape of the data."""

    forward: Params
    shape: Shape


def axes(p: Params, rank: int) -> tuple[int, int]:
    """Rows and columns, counted from the front.

    Raises:
        ShapeError: if they are one.
    """
    rows, columns = normal_axis(p.axis1, rank), normal_axis(p.axis2, rank)
    if rows == columns:
        raise ShapeError(f"axis1 {p.axis1} and axis2 {p.axis2} are the same axis")
    return rows, columns


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Forward.

    Raises:
        ShapeError: if there is no such diagonal.
    """
    dtype, data = dtype_of(ins[0], outs[0]), ins[0].shape
    if data is None:
        return [PartialType(None, dtype)], [PartialType(None, dtype)]
    if len(data) == 1:
        side = None if data[0] is None else data[0] + abs(p.k)
        return [PartialType(data, dtype)], [PartialType((side, side), dtype)]
    a, b = axes(p, len(data))
    rows, columns = data[a], data[b]
    length = None
    if rows is not None and columns is not None:
        length = min(rows, columns - p.k) if p.k >= 0 else min(rows + p.k, columns)
        if length < 1:
            raise ShapeError(f"a matrix of {rows} x {columns} has no diagonal {p.k}")
    rest = tuple(d for i, d in enumerate(data) if i not in (a, b))
    return [PartialType(data, dtype)], [PartialType((*rest, length), dtype)]


def seen(p: Params, xp: Any, x: Any, length: int) -> Any:
    """The diagonal of x, a view with its axis last."""
    a, b = axes(p, x.ndim)
    order = [i for i in range(x.ndim) if i not in (a, b)]
    rows, columns = max(-p.k, 0), max(p.k, 0)
    part = x.transpose(*order, a, b)[..., rows : rows + length, columns : columns + length]
    steps = part.strides
    return xp.lib.stride_tricks.as_strided(part, part.shape[:-1], (*steps[:-2], steps[-1] + steps[-2]))


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    if ins[0].ndim > 1:
        outs[0][...] = seen(p, xp, ins[0], outs[0].shape[-1])
        return
    outs[0][...] = 0
    seen(p, xp, outs[0], ins[0].shape[0])[...] = ins[0]


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shape is known."""
    return list(ins), [PartialType(b.shape, ins[0].dtype)]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Zeros, and dy on the diagonal; or the diagonal of dy."""
    p, dy, out = node.params.forward, ins[0], outs[0]
    if out.ndim == 1:
        out[...] = seen(p, xp, dy, out.shape[0])
        return
    out[...] = 0
    seen(p, xp, out, dy.shape[-1])[...] = dy


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Back to the diagonal."""
    shape = node.inputs[0].type.shape
    return [dy[0] and apply(BACKWARD, f"{node.name}_backward", dy[0], forward=node.params, shape=shape)]


BACKWARD = Op("diag_backward", infer_backward, {"reference": reference(run_backward)}, params=Backward, inputs=("dy",))
OP = Op("diag", infer, {"reference": reference(run)}, params=Params, mxnet=("diag",), gradient=gradient)
