"""Broadcasting as in NumPy: inference, and sum_to, the gradient's way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.types import PartialShape, PartialType, Shape, merge_shapes
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, dtype_of


def joined(a: int | None, b: int | None) -> int | None:
    """One dimension of the result, as far as it is known; a ValueError if two dimensions do not go together."""
    if a is None or b is None:
        known = b if a is None else a
        return None if known == 1 else known
    if a != b and 1 not in (a, b):
        raise ValueError
    return b if a == 1 else a


def broadcast_shape(shapes: Sequence[PartialShape]) -> PartialShape:
    """The shape that these shapes have together, aligned at their last axes.

    Raises:
        ShapeError: if they do not go together.
    """
    result: tuple[int | None, ...] = ()
    for shape in shapes:
        rank = max(len(result), len(shape))
        left = (1,) * (rank - len(result)) + tuple(result)
        right = (1,) * (rank - len(shape)) + tuple(shape)
        try:
            result = tuple(joined(a, b) for a, b in zip(left, right, strict=True))
        except ValueError:
            texts = " and ".join(str(PartialType(s)) for s in shapes)
            raise ShapeError(
                f"inputs {texts} do not broadcast: aligned at the right, axes must be equal or 1"
            ) from None
    return result


def stretched(shape: PartialShape, others: Sequence[PartialShape], out: PartialShape) -> PartialShape:
    """`shape` with the dimensions that the output has and no other input can have given."""
    result = list(shape)
    for k in range(1, len(shape) + 1):
        from_others = all(len(o) < k or o[-k] == 1 for o in others)
        if result[-k] is None and from_others and k <= len(out):
            result[-k] = out[-k]
    return tuple(result)


def infer(params: Any, ins: Types, outs: Types) -> Inferred:
    """One dtype; the output's shape from the inputs', and an open dimension from the output where all others are 1."""
    dtype = dtype_of(*ins, *outs)
    shapes = [t.shape for t in ins]
    known = [s for s in shapes if s is not None]
    out = merge_shapes(broadcast_shape(known), outs[0].shape) if len(known) == len(ins) else outs[0].shape
    if out is not None and len(known) == len(ins):
        known = [stretched(s, known[:i] + known[i + 1 :], out) for i, s in enumerate(known)]
        shapes = list(known)
    return [PartialType(s, dtype) for s in shapes], [PartialType(out, dtype)]


@dataclass(frozen=True)
class SumToParams:
    """The shape to come back to."""

    shape: Shape


def infer_sum_to(p: SumToParams, ins: Types, outs: Types) -> Inferred:
    """The shape is given."""
    return list(ins), [PartialType(p.shape, ins[0].dtype)]


def run_sum_to(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Sums over the axes that broadcasting added or stretched."""
    shape = node.params.shape
    added = ins[0].ndim - len(shape)
    axes = (*range(added), *(added + k for k, d in enumerate(shape) if d == 1))
    outs[0][...] = xp.sum(ins[0], axis=axes, keepdims=True).reshape(shape)


SUM_TO = Op(
    "sum_to", infer_sum_to, array_code(run_sum_to), params=SumToParams, layout="follow",
    precision="follow",
)  # fmt: skip


def sum_to(name: str, data: Entry, shape: Shape) -> Entry:
    """The gradient of an input of this shape, from the gradient of what it was broadcast to."""
    return data if data.type.shape == shape else apply(SUM_TO, name, data, shape=shape)
