"""tile: a tensor several times along each axis.

Shapes:
    data (S) -> output (S * reps), both aligned at their last axes, the shorter with ones before it

Source: MXNet's tile.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._axes import Sizes
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, dtype_of
from mxtrain.ops._move import moving_code


@declare
class Params:
    """Parameters of tile."""

    reps: Sizes = param(doc="how often, per axis")


@dataclass(frozen=True)
class Backward:
    """How often per axis of dy, and the shape of the data."""

    reps: tuple[int, ...]
    shape: Shape


def aligned(reps: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """`reps` with ones before it."""
    return (1,) * (rank - len(reps)) + reps


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Forward; backward where the output has more axes than `reps`, or the data's rank is known."""
    dtype = dtype_of(ins[0], outs[0])
    data, out = ins[0].shape, outs[0].shape
    if data is None and out is not None and len(out) > len(p.reps):
        data = (None,) * len(out)
    if data is None:
        return [PartialType(None, dtype)], [PartialType(out, dtype)]
    rank = max(len(data), len(p.reps))
    reps = aligned(p.reps, rank)
    if out is not None and len(out) == rank:
        tail = zip(out[rank - len(data) :], reps[rank - len(data) :], data, strict=True)
        if any(o is not None and o % r for o, r in zip(out, reps, strict=True)):
            raise ShapeError(f"the output must be a multiple of reps {p.reps}, got {outs[0]}")
        data = tuple(o // r if d is None and o is not None else d for o, r, d in tail)
    whole = (1,) * (rank - len(data)) + tuple(data)
    result = tuple(None if d is None else d * r for d, r in zip(whole, reps, strict=True))
    return [PartialType(data, dtype)], [PartialType(result, dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    outs[0][...] = xp.tile(ins[0], node.params.reps)


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shape is known."""
    return list(ins), [PartialType(b.shape, ins[0].dtype)]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """The sum of the copies."""
    dy, reps = ins[0], node.params.reps
    split = [part for n, r in zip(dy.shape, reps, strict=True) for part in (r, n // r)]
    outs[0][...] = dy.reshape(split).sum(axis=tuple(range(0, 2 * dy.ndim, 2))).reshape(outs[0].shape)


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """The sum of the copies."""
    reps = aligned(node.params.reps, len(node.types[0].shape))
    shape = node.inputs[0].type.shape
    return [dy[0] and apply(BACKWARD, f"{node.name}_backward", dy[0], reps=reps, shape=shape)]


BACKWARD = Op(
    "tile_backward", infer_backward, array_code(run_backward), params=Backward, inputs=("dy",),
    precision="follow",
)  # fmt: skip
OP = Op(
    "tile", infer, moving_code(run), params=Params, mxnet=("tile",), gradient=gradient, precision="follow",
)  # fmt: skip
