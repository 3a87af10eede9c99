"""where: elements of x where the condition is not 0, else of y.

Shapes:
    condition (S) or (N,), x (S) = (N, ...), y (S) -> output (S); a condition (N,) chooses whole rows

Source: MXNet's where.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.types import PartialType, merge_shapes
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, common, same_type


@dataclass(frozen=True)
class Side:
    """Whose gradient: x's, where the condition is not 0, or y's."""

    of_x: bool


def infer(params: Any, ins: Types, outs: Types) -> Inferred:
    """x, y and output have one type; the condition has their shape, or one element per row, and its own dtype."""
    condition = ins[0]
    (x, y), (out,) = same_type(params, ins[1:], outs)
    shape = condition.shape
    if shape is not None and x.shape is None and len(shape) > 1:
        # A condition of several axes has x's shape: MXNet chooses rows by vectors only.
        x = y = out = PartialType(shape, x.dtype)
    elif shape is not None and x.shape is not None:
        rows = len(shape) == 1 and len(x.shape) > 1
        try:
            shape = merge_shapes(shape, x.shape[:1] if rows else x.shape)
        except ShapeError:
            want = f"{PartialType(x.shape)} or {PartialType(x.shape[:1])}"
            raise ShapeError(f"input 'condition' must have the shape of x or one element per row, {want}, got "
                             f"{PartialType(shape)}") from None  # fmt: skip
        whole = (*(shape or ()), *x.shape[1:]) if rows else shape
        x = y = out = PartialType(whole, x.dtype)
    return [PartialType(shape, condition.dtype), x, y], [out]


def choice(condition: Any, ndim: int) -> Any:
    """The condition as booleans, with axes of 1 after its own."""
    return (condition != 0).reshape(condition.shape + (1,) * (ndim - condition.ndim))


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    outs[0][...] = xp.where(choice(ins[0], ins[1].ndim), ins[1], ins[2])


def infer_backward(p: Side, ins: Types, outs: Types) -> Inferred:
    """The gradient has the type of dy."""
    one = common([ins[0], *outs])
    return [one, ins[1]], [one]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """dy where this side was chosen, else 0."""
    chosen = choice(ins[1], ins[0].ndim)
    outs[0][...] = xp.where(chosen if node.params.of_x else ~chosen, ins[0], ins[0].dtype.type(0))


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """To each side what it gave; none for the condition."""
    if dy[0] is None:
        return [None] * 3
    condition = node.inputs[0]
    sides = [apply(BACKWARD, f"{node.name}_backward_{n}", dy[0], condition, of_x=n == "x") for n in ("x", "y")]
    return [None, *sides]


BACKWARD = Op(
    "where_backward", infer_backward, {**array_code(run_backward, ((0, 0),))}, params=Side,
    inputs=("dy", "condition"), layout="follow", precision="follow",
)  # fmt: skip
OP = Op(
    "where", infer, array_code(run), inputs=("condition", "x", "y"), mxnet=("where",),
    gradient=gradient, layout="follow", precision="follow",
)  # fmt: skip
