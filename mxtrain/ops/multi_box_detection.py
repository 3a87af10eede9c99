"""multi_box_detection: the objects that a single-shot detector has found.

Shapes:
    cls_prob (N, K, A), loc_pred (N, 4 A), anchor (1, A, 4)
        -> output (N, A, 6): class (background not counted), score, left, top, right, bottom

The most probable class but background (0) counts, if it has at least `threshold`. Objects come by falling score; of
those that overlap a better one of their class too much the class is -1, as in the rows after the last object; what else
such rows hold means nothing.

Source: MXNet's MultiBoxDetection; Liu et al., "SSD", 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._boxes import Variances, decode, survivors
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank


@declare
class Params:
    """Parameters of multi_box_detection."""

    clip: bool = param(True, doc="keep boxes inside the image")
    threshold: float = param(0.01, doc="least score of an object")
    background_id: int = param(0, ge=0, le=0, doc="the class that is background; always 0, as in MXNet")
    nms_threshold: float = param(0.5, doc="overlap from which the worse of two goes; outside 0 to 1: none goes")
    force_suppress: bool = param(False, doc="objects of other classes make an object go too")
    variances: Variances = param((0.1, 0.1, 0.2, 0.2), doc="by which predictions are multiplied")
    nms_topk: int = param(-1, doc="how many of the best objects stay; -1: all")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """The number of anchors is common."""
    dtype = dtype_of(*ins, *outs)
    prob = need_rank(ins[0], (3,), "cls_prob", "(N, K, A)") or (None,) * 3
    place = need_rank(ins[1], (2,), "loc_pred", "(N, 4 A)") or (None,) * 2
    anchor = need_rank(ins[2], (3,), "anchor", "(1, A, 4)") or (1, None, 4)
    count = next((c for c in (prob[2], anchor[1]) if c is not None), None)
    n = next((c for c in (prob[0], place[0]) if c is not None), None)
    want = [PartialType((n, prob[1], count), dtype), PartialType((n, None if count is None else 4 * count), dtype)]
    return [*want, PartialType((1, count, 4), dtype)], [PartialType((n, count, 6), dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward, image by image."""
    p: Params = node.params
    probs, places, anchor = ins
    outs[0][...] = -1
    for i, prob in enumerate(probs):
        best = prob[1:].argmax(axis=0)
        score = prob[1:].max(axis=0)
        found = xp.nonzero(score >= p.threshold)[0]
        if not found.size:
            continue
        boxes = decode(xp, anchor[0][found], places[i].reshape(-1, 4)[found], p.variances)
        boxes = xp.clip(boxes, 0, 1) if p.clip else boxes
        rows = xp.concatenate([best[found, None], score[found, None], boxes], axis=1)
        if 0 < p.nms_threshold <= 1:
            rows = suppressed(p, xp, rows[xp.argsort(-rows[:, 1], kind="stable")])
        outs[0][i, : len(rows)] = rows


def suppressed(p: Params, xp: Any, rows: Any) -> Any:
    """Rows by falling score, the class of those that go -1."""
    count = p.nms_topk if 0 < p.nms_topk < len(rows) else len(rows)
    classes = None if p.force_suppress else rows[:count, 0]
    stays = survivors(xp, rows[:count, 2:], lambda overlap: overlap >= p.nms_threshold, classes)
    rows[count:, 0] = -1
    rows[:count, 0] = xp.where(stays, rows[:count, 0], -1)
    return rows


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Detections have none."""
    return [None, None, None]


OP = Op(
    "multi_box_detection", infer, {"reference": reference(run)}, params=Params,
    inputs=("cls_prob", "loc_pred", "anchor"), mxnet=("_contrib_MultiBoxDetection", "MultiBoxDetection"),
    gradient=gradient,
)  # fmt: skip
