"""multi_box_target: what a single-shot detector has to predict at every anchor.

Shapes:
    anchor (1, A, 4), label (N, L, 5...), cls_pred (N, K, A)
        -> loc_target (N, 4 A), loc_mask (N, 4 A), cls_target (N, A)

A row of a label is (class, left, top, right, bottom, ...); the first whose class is -1 ends the list. Each box gets the
anchor that overlaps it most, the largest overlap first; then every anchor whose overlap is above overlap_threshold gets
its box. These have the class of their box + 1, the others 0: background. With negative_mining_ratio only that many
times as many others count, those of the smallest background score; the rest have ignore_label. Of an image without
boxes every anchor has ignore_label.

Source: MXNet's MultiBoxTarget; Liu et al., "SSD", 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._boxes import Variances, encode, overlaps
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank

TINY = 1e-6


@declare
class Params:
    """Parameters of multi_box_target."""

    overlap_threshold: float = param(0.5, doc="overlap above which an anchor is of the box")
    ignore_label: float = param(-1.0, doc="class of anchors that do not count")
    negative_mining_ratio: float = param(-1.0, doc="background anchors per anchor of a box; -1: all")
    negative_mining_thresh: float = param(0.5, doc="overlap below which an anchor may be background, with a ratio")
    minimum_negative_samples: int = param(0, ge=0, doc="without effect, as in MXNet 1.9.1")
    variances: Variances = param((0.1, 0.1, 0.2, 0.2), doc="what offsets are divided by: x, y, width, height")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """The number of anchors is common."""
    dtype = dtype_of(*ins, *outs)
    anchor = need_rank(ins[0], (3,), "anchor", "(1, A, 4)") or (1, None, 4)
    label = need_rank(ins[1], (3,), "label", "(N, L, 5...)") or (None,) * 3
    pred = need_rank(ins[2], (3,), "cls_pred", "(N, K, A)") or (None,) * 3
    if label[2] is not None and label[2] < 5:
        raise ShapeError(f"input 'label' must have rows of at least 5 (class and box), got {ins[1]}")
    count = next((c for c in (anchor[1], pred[2]) if c is not None), None)
    n = next((c for c in (label[0], pred[0]) if c is not None), None)
    wide = PartialType((n, None if count is None else 4 * count), dtype)
    want = [PartialType((1, count, 4), dtype), PartialType((n, *label[1:]), dtype)]
    return [*want, PartialType((n, pred[1], count), dtype)], [wide, wide, PartialType((n, count), dtype)]


def match(xp: Any, iou: Any, threshold: float) -> tuple[Any, Any]:
    """(which anchors are of a box, which box each overlaps most), from overlaps (A, L)."""
    taken, box = xp.zeros(iou.shape[0], bool), iou.argmax(axis=1)
    left = iou.copy()
    for _ in range(iou.shape[1]):
        best = int(left.argmax())
        anchor, gt = divmod(best, iou.shape[1])
        if not left[anchor, gt] > TINY:
            break
        taken[anchor], box[anchor] = True, gt
        left[anchor], left[:, gt] = -1, -1
    return (taken | (iou.max(axis=1) > threshold) if threshold > 0 else taken), box


def mined(p: Params, xp: Any, positive: Any, iou: Any, scores: Any) -> Any:
    """Which anchors are background: those that look least like it, from scores (K, A)."""
    e = xp.exp(scores - scores.max(axis=0))
    background = e[0] / e.sum(axis=0)
    found = int(positive.sum())
    count = min(int(found * p.negative_mining_ratio), positive.size - found)
    may = xp.nonzero(~positive & (iou.max(axis=1) < p.negative_mining_thresh))[0]
    chosen = may[xp.argsort(background[may], kind="stable")][:count]
    result = xp.zeros(positive.shape, bool)
    result[chosen] = True
    return result


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward, image by image."""
    p: Params = node.params
    anchors = ins[0][0]
    places, mask, classes = outs
    places[...], mask[...], classes[...] = 0, 0, p.ignore_label
    for i, rows in enumerate(ins[1]):
        ends = xp.nonzero(rows[:, 0] == -1)[0]
        boxes = rows[: int(ends[0])] if ends.size else rows
        if not len(boxes):
            continue
        iou = overlaps(xp, anchors, boxes[:, 1:5])
        positive, box = match(xp, iou, p.overlap_threshold)
        mining = p.negative_mining_ratio > 0
        negative = mined(p, xp, positive, iou, ins[2][i]) if mining else ~positive
        classes[i] = xp.where(positive, boxes[box, 0] + 1, xp.where(negative, 0, p.ignore_label))
        inside = xp.broadcast_to(positive[:, None], (len(anchors), 4))
        mask[i] = inside.reshape(-1)
        wanted = encode(xp, anchors, xp.where(inside, boxes[box, 1:5], anchors), p.variances)
        places[i] = xp.where(inside, wanted, 0).reshape(-1)


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Targets have none."""
    return [None, None, None]


OP = Op(
    "multi_box_target", infer, {"reference": reference(run)}, params=Params, inputs=("anchor", "label", "cls_pred"),
    outputs=("loc_target", "loc_mask", "cls_target"), visible=3,
    mxnet=("_contrib_MultiBoxTarget", "MultiBoxTarget"), gradient=gradient,
)  # fmt: skip
