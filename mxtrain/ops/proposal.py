"""proposal: the regions of interest that a region proposal network has found.

Shapes:
    cls_prob (N, 2 A, H, W): background and object, bbox_pred (N, 4 A, H, W), im_info (N, 3): height, width, scale
        -> output (N P, 5): image, left, top, right, bottom; score (N P, 1), shown with output_score;
        A = ratios x scales, P = rpn_post_nms_top_n

Of the rpn_pre_nms_top_n boxes of the highest scores those go that overlap a better one by more than `threshold`. Boxes
smaller than rpn_min_size x scale have the score -1, and so have those of positions beyond the image. Where fewer than P
stay, they come again from the first.

Source: MXNet's Proposal and MultiProposal; Ren et al., "Faster R-CNN", 2015.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank

Positive = Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)]


@declare
class Params:
    """Parameters of proposal."""

    rpn_pre_nms_top_n: int = param(6000, doc="how many of the best boxes are looked at; 0 or less: all")
    rpn_post_nms_top_n: int = param(300, ge=1, doc="how many regions come out per image")
    threshold: float = param(0.7, doc="overlap above which the worse of two boxes goes")
    rpn_min_size: int = param(16, ge=0, doc="least width and height, times the image's scale")
    scales: Positive = param((4.0, 8.0, 16.0, 32.0), doc="sizes of anchors, in feature_stride")
    ratios: Positive = param((0.5, 1.0, 2.0), doc="ratios of height to width of anchors")
    feature_stride: int = param(16, ge=1, doc="pixels of the image from one position to the next")
    output_score: bool = param(False, doc="the scores are shown too")
    iou_loss: bool = param(False, doc="predictions are offsets of corners, in pixels")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Positions are common; the number of regions is given."""
    dtype, anchors = dtype_of(*ins, *outs), len(p.ratios) * len(p.scales)
    maps = [need_rank(t, (4,), n, "(N, C, H, W)") for t, n in zip(ins[:2], ("cls_prob", "bbox_pred"), strict=True)]
    info = need_rank(ins[2], (2,), "im_info", "(N, 3)") or (None, 3)
    n, h, w = (next((s[i] for s in maps if s is not None and s[i] is not None), None) for i in (0, 2, 3))
    n = info[0] if n is None else n
    for shape, each, name in zip(maps, (2, 4), ("cls_prob", "bbox_pred"), strict=True):
        if shape is not None and shape[1] not in (None, each * anchors):
            raise ShapeError(f"input {name!r} must have {each * anchors} channels, {each} for each of "
                             f"{len(p.ratios)} ratios x {len(p.scales)} scales, got {PartialType(shape)}")  # fmt: skip
    rows = None if n is None else n * p.rpn_post_nms_top_n
    want = [PartialType((n, each * anchors, h, w), dtype) for each in (2, 4)]
    return [*want, PartialType((n, 3), dtype)], [PartialType((rows, 5), dtype), PartialType((rows, 1), dtype)]


def base_anchors(p: Params) -> list[tuple[float, float, float, float]]:
    """(left, top, right, bottom) of the anchors of position (0, 0): for each ratio all scales."""
    middle, found = (p.feature_stride - 1) / 2, []
    for ratio in p.ratios:
        width = math.floor(math.sqrt(math.floor(p.feature_stride**2 / ratio)) + 0.5)
        height = math.floor(width * ratio + 0.5)
        for scale in p.scales:
            x, y = (width * scale - 1) / 2, (height * scale - 1) / 2
            found.append((middle - x, middle - y, middle + x, middle + y))
    return found


def anchors_of(p: Params, xp: Any, height: int, width: int, dtype: Any) -> Any:
    """(H W A, 4)."""
    base = xp.asarray(base_anchors(p), dtype=dtype)
    y, x = xp.arange(height, dtype=dtype)[:, None], xp.arange(width, dtype=dtype)[None, :]
    x, y = xp.broadcast_arrays(x, y)
    shifts = xp.stack([x, y, x, y], axis=-1)[:, :, None, :] * p.feature_stride
    return (shifts + base).reshape(-1, 4)


def predicted(p: Params, xp: Any, anchors: Any, deltas: Any) -> Any:
    """Boxes (B, 4) that are predicted at anchors (B, 4)."""
    if p.iou_loss:
        return anchors + deltas
    size = anchors[:, 2:] - anchors[:, :2] + 1
    centre = anchors[:, :2] + 0.5 * (size - 1)
    moved, half = deltas[:, :2] * size + centre, 0.5 * (xp.exp(deltas[:, 2:]) * size - 1)
    return xp.concatenate([moved - half, moved + half], axis=1)


def best_of(p: Params, xp: Any, boxes: Any, score: Any) -> Any:
    """Numbers of the boxes (B, 4) that stay, by falling score; pixels are counted whole."""
    order = xp.argsort(-score, kind="stable")[: p.rpn_pre_nms_top_n if p.rpn_pre_nms_top_n > 0 else None]
    left, top, right, bottom = (boxes[order, i] for i in range(4))
    area = (right - left + 1) * (bottom - top + 1)
    stays, found = xp.ones(len(order), bool), []
    for i in range(len(order)):
        if not stays[i]:
            continue
        found.append(i)
        if len(found) == p.rpn_post_nms_top_n:
            break
        width = xp.minimum(right[i], right) - xp.maximum(left[i], left) + 1
        height = xp.minimum(bottom[i], bottom) - xp.maximum(top[i], top) + 1
        both = xp.maximum(width, 0) * xp.maximum(height, 0)
        stays &= ~(both / (area[i] + area - both) > p.threshold)
    return order[xp.asarray(found)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward, image by image."""
    p: Params = node.params
    prob, deltas, infos = ins
    (h, w), count = prob.shape[2:], len(p.ratios) * len(p.scales)
    anchors = anchors_of(p, xp, h, w, prob.dtype)
    y, x = xp.arange(h)[:, None, None], xp.arange(w)[None, :, None]
    rows = p.rpn_post_nms_top_n
    for i, (height, width, scale) in enumerate(infos.tolist()):
        moves = deltas[i].reshape(count, 4, h, w).transpose(2, 3, 0, 1).reshape(-1, 4)
        limit = xp.asarray((width - 1, height - 1) * 2, dtype=prob.dtype)
        boxes = xp.clip(predicted(p, xp, anchors, moves), 0, limit)
        score = prob[i, count:].transpose(1, 2, 0).copy()
        beyond = (y >= int(height / p.feature_stride)) | (x >= int(width / p.feature_stride))
        score = xp.where(beyond, -1, score).reshape(-1)
        least = p.rpn_min_size * scale
        small = ((boxes[:, 2:] - boxes[:, :2] + 1) < least).any(axis=1)
        grown = xp.asarray((-1, -1, 1, 1), dtype=prob.dtype) * (least / 2)
        boxes, score = xp.where(small[:, None], boxes + grown, boxes), xp.where(small, -1, score)
        best = best_of(p, xp, boxes, score)
        best = best[xp.arange(rows) % len(best)]
        span = slice(i * rows, (i + 1) * rows)
        outs[0][span, 0], outs[0][span, 1:], outs[1][span, 0] = i, boxes[best], score[best]


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Regions have none."""
    return [None, None, None]


OP = Op(
    "proposal", infer, {"reference": reference(run)}, params=Params, inputs=("cls_prob", "bbox_pred", "im_info"),
    outputs=("output", "score"), visible=lambda p: 2 if p.output_score else 1,
    mxnet=("_contrib_MultiProposal", "_contrib_Proposal"), gradient=gradient,
)  # fmt: skip
