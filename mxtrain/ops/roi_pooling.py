"""roi_pooling: the maxima of a grid over every region of interest.

Shapes:
    data (N, C, H, W), rois (R, 5): image, left, top, right, bottom -> output (R, C, P, Q); hidden: where, same

Corners are rounded to whole pixels of the feature map; bins overlap where they do not divide evenly. A bin that holds
nothing is 0.

Source: MXNet's ROIPooling; Girshick, "Fast R-CNN", 2015.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types
from mxtrain.ops._rois import Pair, images_of, infer_rois, round_half_away


@declare
class Params:
    """Parameters of roi_pooling."""

    pooled_size: Pair = param(doc="(rows, columns) of bins; a number stands for a pair")
    spatial_scale: float = param(gt=0, doc="size of the feature map, in sizes of the image")


@dataclass(frozen=True)
class Backward:
    """The shape of the data."""

    shape: Shape


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """As many outputs as regions."""
    want, out = infer_rois(ins, outs[:1], p.pooled_size, 1, (5,))
    return want, [out[0], PartialType(out[0].shape, "int32")]


def bins(first: float, last: float, scale: float, count: int, size: int) -> list[tuple[int, int]]:
    """(start, stop) of each bin along an axis of `size` pixels."""
    single = np.float32  # as MXNet: where a bin ends may hang on a last digit
    start, end = (round_half_away(float(single(v) * single(scale))) for v in (first, last))
    width = single(max(end - start + 1, 1)) / single(count)
    inside = [(start + math.floor(single(i) * width), start + math.ceil(single(i + 1) * width)) for i in range(count)]
    return [(min(max(a, 0), size), min(max(b, 0), size)) for a, b in inside]


Range = tuple[int, int]


def windows(node: Node, rois: Any, shape: Shape) -> Iterator[tuple[int, int, int, int, Range, Range]]:
    """(region, image, bin's row, its column, rows, columns) of every bin that holds something."""
    p: Params = node.params
    corners = rois[:, 1:].tolist()
    for r, image in enumerate(images_of(node, rois, shape[0])):
        left, top, right, bottom = corners[r]
        columns = bins(left, right, p.spatial_scale, p.pooled_size[1], shape[3])
        for i, rows in enumerate(bins(top, bottom, p.spatial_scale, p.pooled_size[0], shape[2])):
            for j, across in enumerate(columns):
                if image >= 0 and rows[0] < rows[1] and across[0] < across[1]:
                    yield r, image, i, j, rows, across


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward, bin by bin."""
    data, rois = ins
    outs[0][...], outs[1][...] = 0, -1
    for r, image, i, j, (top, bottom), (left, right) in windows(node, rois, data.shape):
        flat = data[image, :, top:bottom, left:right].reshape(data.shape[1], -1)
        best = flat.argmax(axis=1)
        outs[0][r, :, i, j] = xp.take_along_axis(flat, best[:, None], axis=1)[:, 0]
        width = right - left
        outs[1][r, :, i, j] = (top + best // width) * data.shape[3] + left + best % width


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shape is known."""
    return list(ins), [PartialType(b.shape, ins[0].dtype)]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Every bin's gradient to where its maximum was."""
    dy, rois, where = ins
    n, c, h, w = node.params.shape
    image = xp.asarray(images_of(node, rois, n))[:, None, None, None]
    place = (image * c + xp.arange(c)[:, None, None]) * (h * w) + where
    total = xp.zeros(n * c * h * w, dy.dtype)
    found = where >= 0
    xp.add.at(total, place[found], dy[found])
    outs[0][...] = total.reshape(n, c, h, w)


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards the data; regions have none."""
    if dys[0] is None:
        return [None, None]
    shape = node.inputs[0].type.shape
    return [apply(BACKWARD, f"{node.name}_backward", dys[0], node.inputs[1], node[1], shape=shape), None]


BACKWARD = Op(
    "roi_pooling_backward", infer_backward, {"reference": reference(run_backward)}, params=Backward,
    inputs=("dy", "rois", "where"),
)  # fmt: skip
OP = Op(
    "roi_pooling", infer, {"reference": reference(run)}, params=Params, inputs=("data", "rois"),
    outputs=("output", "where"), mxnet=("ROIPooling",), gradient=gradient,
)  # fmt: skip
