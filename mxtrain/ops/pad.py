"""pad: borders around a tensor.

Shapes:
    data (S) -> output (S + before + after), pad_width = (before, after) of each axis

Source: MXNet's Pad.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, dtype_of
from mxtrain.ops._move import cut


@declare
class Params:
    """Parameters of pad."""

    mode: Literal["constant", "edge", "reflect"] = param(
        doc="a constant, the outermost elements, or a mirror at the outermost elements"
    )
    pad_width: tuple[Annotated[int, Field(ge=0)], ...] = param(doc="elements before and after, for each axis in turn")
    constant_value: float = param(0.0, doc="the constant")


@dataclass(frozen=True)
class Backward:
    """The mode, the borders and the shape of the data."""

    mode: str
    borders: tuple[tuple[int, int], ...]
    shape: Shape


def borders(p: Params) -> tuple[tuple[int, int], ...]:
    """(before, after) of each axis."""
    return tuple(zip(p.pad_width[::2], p.pad_width[1::2], strict=True))


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Either side from the other."""
    if len(p.pad_width) % 2:
        raise ShapeError(f"pad_width {p.pad_width} must have two values per axis")
    dtype, width = dtype_of(ins[0], outs[0]), borders(p)
    data: tuple[int | None, ...] = (None,) * len(width)
    for t, sign, name in ((ins[0], 0, "data"), (outs[0], 1, "output")):
        if t.shape is None:
            continue
        if len(t.shape) != len(width):
            raise ShapeError(f"pad_width {p.pad_width} must have two values for each axis of {name!r}, got {t}")
        own = [None if d is None else d - sign * (b + a) for d, (b, a) in zip(t.shape, width, strict=True)]
        data = tuple(o if d is None else d for d, o in zip(data, own, strict=True))
    for axis, (d, (b, a)) in enumerate(zip(data, width, strict=True)):
        least = 0 if p.mode == "constant" else max(b, a) + 1 if p.mode == "reflect" else 1
        if d is not None and d < least and (b or a or d < 0):
            raise ShapeError(
                f"axis {axis} of 'data' must be at least {least} for {p.mode} borders of {(b, a)}, got {d}"
            )
    out = tuple(None if d is None else d + b + a for d, (b, a) in zip(data, width, strict=True))
    return [PartialType(data, dtype)], [PartialType(out, dtype)]


def along(axis: int, first: int | None, last: int | None, step: int = 1) -> tuple[slice, ...]:
    """An index of a range of one axis."""
    return (*(slice(None),) * axis, slice(first, last, step))


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward: the middle, then the borders axis by axis, each from what is there already."""
    p: Params = node.params
    y, width = outs[0], borders(p)
    if p.mode == "constant":
        y[...] = p.constant_value
    y[tuple(slice(b, b + n) for (b, _), n in zip(width, ins[0].shape, strict=True))] = ins[0]
    if p.mode == "constant":
        return
    for axis, (b, a) in enumerate(width):
        end = b + ins[0].shape[axis]
        # Borders of later axes are still empty: they are filled from whole rows, this axis's borders included.
        if p.mode == "edge":
            y[along(axis, 0, b)] = y[along(axis, b, b + 1)]
            y[along(axis, end, end + a)] = y[along(axis, end - 1, end)]
        else:
            y[along(axis, 0, b)] = y[along(axis, b + 1, 2 * b + 1)][along(axis, None, None, -1)]
            y[along(axis, end, end + a)] = y[along(axis, end - 1 - a, end - 1)][along(axis, None, None, -1)]


def infer_backward(w: Backward, ins: Types, outs: Types) -> Inferred:
    """The shape is known."""
    return list(ins), [PartialType(w.shape, ins[0].dtype)]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Add the borders to what they were copied from, the last axis first."""
    w: Backward = node.params
    dy = ins[0]
    for axis in reversed(range(dy.ndim)):
        (b, a), n = w.borders[axis], w.shape[axis]
        dx = dy[along(axis, b, b + n)].copy()
        before, after = dy[along(axis, 0, b)], dy[along(axis, b + n, None)]
        if w.mode == "edge":
            dx[along(axis, 0, 1)] += before.sum(axis=axis, keepdims=True)
            dx[along(axis, n - 1, n)] += after.sum(axis=axis, keepdims=True)
        else:
            dx[along(axis, 1, b + 1)] += before[along(axis, None, None, -1)]
            dx[along(axis, n - 1 - a, n - 1)] += after[along(axis, None, None, -1)]
        dy = dx
    outs[0][...] = dy


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """The middle; borders that are copies add to what they are copies of."""
    p: Params = node.params
    shape, width = node.inputs[0].type.shape, borders(p)
    if dy[0] is None:
        return [None]
    if p.mode == "constant":
        return [cut(f"{node.name}_backward", dy[0], [(b, n, 1) for (b, _), n in zip(width, shape, strict=True)])]
    return [apply(BACKWARD, f"{node.name}_backward", dy[0], mode=p.mode, borders=width, shape=shape)]


BACKWARD = Op(
    "pad_backward", infer_backward, array_code(run_backward), params=Backward, inputs=("dy",),
    layout="follow", precision="follow",
)  # fmt: skip
OP = Op(
    "pad", infer, array_code(run), params=Params, mxnet=("Pad", "pad"), gradient=gradient,
    layout="follow", precision="follow",
)  # fmt: skip
