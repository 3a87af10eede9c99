"""box_iou: how much every box overlaps every other: intersection over union.

Shapes:
    lhs (A..., 4), rhs (B..., 4) -> output (A..., B...)

Source: MXNet's box_iou.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialShape, PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._boxes import Format, corners, overlaps
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of


@declare
class Params:
    """Parameters of box_iou."""

    format: Format = param(
        "corner", doc="corner: (left, top, right, bottom); center: (x, y, width, height), x and y being the middle"
    )


def boxes_of(t: PartialType, name: str) -> PartialShape | None:
    """The shape without the last axis.

    Raises:
        ShapeError: if there is none, or it has not four elements.
    """
    if t.shape is None:
        return None
    if len(t.shape) < 2 or t.shape[-1] not in (None, 4):
        raise ShapeError(f"input {name!r} must have the axes (..., 4), got {t}")
    return t.shape[:-1]


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Every box with every box."""
    dtype = dtype_of(*ins, *outs)
    a, b = boxes_of(ins[0], "lhs"), boxes_of(ins[1], "rhs")
    want = [PartialType(None if s is None else (*s, 4), dtype) for s in (a, b)]
    return want, [PartialType(None if a is None or b is None else (*a, *b), dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    a, b = (x.reshape(-1, 4) if node.params.format == "corner" else corners(xp, x.reshape(-1, 4)) for x in ins)
    outs[0][...] = overlaps(xp, a, b).reshape(outs[0].shape)


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """None, as in MXNet."""
    return [None, None]


OP = Op(
    "box_iou", infer, {"reference": reference(run)}, params=Params, inputs=("lhs", "rhs"),
    mxnet=("_contrib_box_iou",), gradient=gradient,
)  # fmt: skip
