"""box_nms: of boxes that overlap only the one of the highest score stays.

Shapes:
    data (N..., B, E) -> output, same shape; hidden: record (N..., B)

A row is a box: its score, four coordinates, maybe its class, and what else there is. Rows whose score is above
valid_thresh and whose class is not the background take part, the best `topk` of them; what stays comes first, by
falling score, and the other rows are -1. The record says which row of the data each row was; -1: none.

Source: MXNet's box_nms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops._boxes import Format, corners, middles, survivors
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, same_type

FORMATS = "corner: (left, top, right, bottom); center: (x, y, width, height), x and y being the middle"


@declare
class Params:
    """Parameters of box_nms."""

    overlap_thresh: float = param(0.5, doc="overlap above which the worse of two boxes goes")
    valid_thresh: float = param(0.0, doc="boxes of at most this score do not take part")
    topk: int = param(-1, doc="how many of the best boxes take part; -1: all; 0: the data comes out as it is")
    coord_start: int = param(2, ge=0, doc="where the four coordinates of a row begin")
    score_index: int = param(1, ge=0, doc="where the score of a row is")
    id_index: int = param(-1, doc="where the class of a row is; -1: there is none")
    background_id: int = param(-1, doc="the class that is background; -1: none is")
    force_suppress: bool = param(False, doc="boxes of other classes make a box go too")
    in_format: Format = param("corner", doc=FORMATS)
    out_format: Format = param("corner", doc="as in_format; boxes that begin left of 0 stay as they came")


@dataclass(frozen=True)
class Backward:
    """Nothing more is needed."""


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Same type; one record per box."""
    (t,), _ = same_type(p, ins, outs[:1])
    shape = t.shape
    if shape is None:
        return [t], [t, PartialType(None, "int32")]
    if len(shape) < 2:
        raise ShapeError(f"input 'data' must have the axes (N..., B, E), got {t}")
    if shape[-1] is not None:
        taken = {"score_index": p.score_index, **({"id_index": p.id_index} if p.id_index >= 0 else {})}
        if p.coord_start + 4 > shape[-1] or max(taken.values()) >= shape[-1]:
            wanted = ", ".join(f"{name} {at}" for name, at in taken.items())
            raise ShapeError(f"rows of 'data' must hold four coordinates from {p.coord_start} and {wanted}, got {t}")
        for name, at in taken.items():
            if p.coord_start <= at < p.coord_start + 4 or list(taken.values()).count(at) > 1:
                raise ShapeError(f"{name} {at} must be apart from the coordinates ({p.coord_start} to "
                                 f"{p.coord_start + 3}) and from the other index")  # fmt: skip
    return [t], [t, PartialType(shape[:-1], "int32")]


def kept(p: Params, xp: Any, rows: Any) -> Any:
    """Numbers of the rows (B, E) that stay, by falling score."""
    score = rows[:, p.score_index]
    valid = score > p.valid_thresh
    if p.id_index >= 0 and p.background_id >= 0:
        valid &= rows[:, p.id_index] != p.background_id
    found = xp.nonzero(valid)[0]
    found = found[xp.argsort(-score[found], kind="stable")][: p.topk if p.topk > 0 else None]
    best = rows[found]
    box = best[:, p.coord_start : p.coord_start + 4]
    box = box if p.in_format == "corner" else corners(xp, box)
    classes = best[:, p.id_index] if p.id_index >= 0 and not p.force_suppress else None
    return found[survivors(xp, box, lambda overlap: overlap > p.overlap_thresh, classes)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward, image by image."""
    p: Params = node.params
    data, (y, record) = ins[0], outs
    count, width = data.shape[-2:]
    if p.topk == 0:
        y[...], record[...] = data, xp.arange(count)
        return
    y[...], record[...] = -1, -1
    span = slice(p.coord_start, p.coord_start + 4)
    for rows, result, number in zip(
        data.reshape(-1, count, width), y.reshape(-1, count, width), record.reshape(-1, count), strict=True
    ):
        order = kept(p, xp, rows)
        result[: len(order)], number[: len(order)] = rows[order], order
        if p.in_format != p.out_format:
            box = result[:, span]
            other = corners(xp, box) if p.out_format == "corner" else middles(xp, box)
            result[:, span] = xp.where(box[:, :1] < 0, box, other)


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """As the output's gradient."""
    return list(ins), [PartialType(ins[0].shape, dtype_of(ins[0]))]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Every row to the row that it was."""
    dy, record = ins
    count, width = dy.shape[-2:]
    outs[0][...] = 0
    flat = outs[0].reshape(-1, count, width)
    for dx, row, number in zip(flat, dy.reshape(-1, count, width), record.reshape(-1, count), strict=True):
        dx[number[number >= 0]] = row[number >= 0]


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards the rows that stay, whatever the format, as in MXNet."""
    return [dys[0] and apply_node(BACKWARD, f"{node.name}_backward", (dys[0], node[1]), Backward())[0]]


BACKWARD = Op(
    "box_nms_backward", infer_backward, {"reference": reference(run_backward)}, params=Backward,
    inputs=("dy", "record"),
)  # fmt: skip
OP = Op(
    "box_nms", infer, {"reference": reference(run)}, params=Params, outputs=("output", "record"),
    mxnet=("_contrib_box_nms", "_contrib_box_non_maximum_suppression"), gradient=gradient,
)  # fmt: skip
