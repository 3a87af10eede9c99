"""repeat: every element several times in a row.

Shapes:
    data (A..., K, B...) -> output (A..., K repeats, B...); without an axis: data (S) -> output (elements of S repeats,)

Source: MXNet's repeat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, dtype_of, normal_axis, product
from mxtrain.ops._move import moving_code


@declare
class Params:
    """Parameters of repeat."""

    repeats: int = param(ge=1, doc="how often each comes")
    axis: int | None = param(None, doc="the axis; negative: from the end; None: all elements in order")


@dataclass(frozen=True)
class Backward:
    """(elements before, along and behind the axis), how often each came, and the shape of the data."""

    split: tuple[int, int, int]
    repeats: int
    shape: Shape


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Forward; backward all axes but the one."""
    dtype = dtype_of(ins[0], outs[0])
    data, out = ins[0].shape, outs[0].shape
    if data is None and out is not None and p.axis is not None:
        axis = normal_axis(p.axis, len(out))
        size = out[axis]
        data = (*out[:axis], None if size is None else size // p.repeats, *out[axis + 1 :])
    if data is None:
        return [PartialType(None, dtype)], [PartialType(None, dtype)]
    if p.axis is None:
        count = product(data)
        made: tuple[int | None, ...] = (None if count is None else count * p.repeats,)
    else:
        axis = normal_axis(p.axis, len(data))
        size = data[axis]
        made = (*data[:axis], None if size is None else size * p.repeats, *data[axis + 1 :])
    return [PartialType(data, dtype)], [PartialType(made, dtype)]


def split(p: Params, shape: Shape) -> tuple[int, int, int]:
    """Elements before, along and behind the axis."""
    if p.axis is None:
        return 1, product(shape) or 0, 1
    axis = normal_axis(p.axis, len(shape))
    return product(shape[:axis]) or 0, shape[axis], product(shape[axis + 1 :]) or 0


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    before, along, behind = split(node.params, ins[0].shape)
    outs[0].reshape(before, along, node.params.repeats, behind)[...] = ins[0].reshape(before, along, 1, behind)


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shape is known."""
    return list(ins), [PartialType(b.shape, ins[0].dtype)]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """The sum of the copies."""
    b: Backward = node.params
    before, along, behind = b.split
    outs[0][...] = ins[0].reshape(before, along, b.repeats, behind).sum(axis=2).reshape(b.shape)


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """The sum of the copies."""
    p, shape = node.params, node.inputs[0].type.shape
    name = f"{node.name}_backward"
    return [dy[0] and apply(BACKWARD, name, dy[0], split=split(p, shape), repeats=p.repeats, shape=shape)]


BACKWARD = Op(
    "repeat_backward", infer_backward, array_code(run_backward), params=Backward, inputs=("dy",), precision="follow",
)  # fmt: skip
OP = Op("repeat", infer, moving_code(run), params=Params, mxnet=("repeat",), gradient=gradient, precision="follow")
