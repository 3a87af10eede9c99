"""broadcast_axis: axes of 1 repeated to a size.

Shapes:
    data (..., 1, ...) -> output (..., size, ...)

Source: MXNet's broadcast_axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._axes import Axes, Sizes
from mxtrain.ops._infer import Inferred, Types, dtype_of, normal_axis
from mxtrain.ops._move import moving_code
from mxtrain.ops._reduce import summed


@declare
class Params:
    """Parameters of broadcast_axis."""

    axis: Axes = param((), doc="axes of 1; negative: from the end")
    size: Sizes = param((), doc="their new sizes")


def sizes(p: Params, rank: int) -> dict[int, int]:
    """Axis -> its new size.

    Raises:
        ShapeError: if there are not as many sizes as axes, or an axis is named twice.
    """
    if len(p.axis) != len(p.size):
        raise ShapeError(f"axis {p.axis} and size {p.size} must have as many values")
    found = {normal_axis(a, rank): n for a, n in zip(p.axis, p.size, strict=True)}
    if len(found) < len(p.axis):
        raise ShapeError(f"axis {p.axis} names an axis twice")
    return found


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Either side from the other."""
    dtype = dtype_of(ins[0], outs[0])
    data, out = ins[0].shape, outs[0].shape
    if data is None and out is not None:
        data = (None,) * len(out)
    if data is None:
        return [PartialType(None, dtype)], [PartialType(None, dtype)]
    new = sizes(p, len(data))
    wrong = [a for a in new if data[a] not in (1, None)]
    if wrong:
        raise ShapeError(f"axis {wrong[0]} of 'data' must be 1 to be broadcast, got {ins[0]}")
    same_rank = out is not None and len(out) == len(data)
    back = out if out is not None and same_rank else (None,) * len(data)
    data = tuple(1 if a in new else b if d is None else d for a, (d, b) in enumerate(zip(data, back, strict=True)))
    return [PartialType(data, dtype)], [PartialType(tuple(new.get(a, d) for a, d in enumerate(data)), dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    outs[0][...] = ins[0]


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """The sum over the axes."""
    axes = tuple(sizes(node.params, len(node.types[0].shape)))
    return [dy[0] and (summed(f"{node.name}_backward", dy[0], axes) if axes else dy[0])]


OP = Op(
    "broadcast_axis", infer, moving_code(run), params=Params, mxnet=("broadcast_axis", "broadcast_axes"),
    gradient=gradient, layout="follow", precision="follow",
)  # fmt: skip
