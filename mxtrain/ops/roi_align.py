"""roi_align: a grid of interpolated means over every region of interest.

Shapes:
    data (N, C, H, W), rois (R, 5): image, left, top, right, bottom (or 4, without the image) -> output (R, C, P, Q)
    position_sensitive: C / (P Q) channels in the output, each bin from channels of its own

A bin is the mean of sample_ratio x sample_ratio points (without a ratio: about one per pixel), each interpolated
between four pixels. Points more than a pixel outside the image count as 0. A region whose image is negative gives 0.

Source: MXNet's ROIAlign; He et al., "Mask R-CNN", 2017.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Node, Op
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types
from mxtrain.ops._resampling import between, resample, resample_backward
from mxtrain.ops._rois import Pair, images_of, infer_rois, towards_data


@declare
class Params:
    """Parameters of roi_align."""

    pooled_size: Pair = param(doc="(rows, columns) of bins; a number stands for a pair")
    spatial_scale: float = param(gt=0, doc="size of the feature map, in sizes of the image")
    sample_ratio: int = param(-1, doc="points per bin along each axis; 0 or less: as many as there are pixels")
    position_sensitive: bool = param(False, doc="each bin has channels of its own")
    aligned: bool = param(False, doc="pixels lie in the middle of their squares, and regions may be less than a pixel")


@dataclass(frozen=True)
class Backward:
    """The forward's parameters and the shape of its data."""

    forward: Params
    shape: Shape


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """As many outputs as regions."""
    bins = p.pooled_size[0] * p.pooled_size[1] if p.position_sensitive else 1
    return infer_rois(ins, outs, p.pooled_size, bins, (4, 5))


def weights(p: Params, xp: Any, side: tuple[float, float], axis: int, size: int, dtype: Any) -> Any:
    """(bins, size): what each row or column adds to each bin of a region from one side to the other."""
    bins, shift = p.pooled_size[axis], 0.5 if p.aligned else 0.0
    start, end = (v * p.spatial_scale - shift for v in side)
    length = end - start
    length = length if p.aligned else max(length, 1.0)
    points = p.sample_ratio if p.sample_ratio > 0 else math.ceil(length / bins)
    if points < 1:
        return xp.zeros((bins, size), dtype)
    at = start + (xp.arange(bins * points, dtype=xp.float64) + 0.5) * (length / bins / points)
    inside = (at >= -1) & (at <= size)
    each = between(xp, xp.clip(at, 0, size - 1), size, dtype) * inside[:, None]
    return each.reshape(bins, points, size).mean(axis=1)


def regions(node: Node, p: Params, xp: Any, rois: Any, shape: Shape) -> Iterator[tuple[int, int, Any, Any]]:
    """(region, its image, weights of rows, weights of columns) of every region that has an image."""
    corners = rois[:, -4:].tolist()
    for r, image in enumerate(images_of(node, rois, shape[0])):
        if image >= 0:
            left, top, right, bottom = corners[r]
            rows = weights(p, xp, (top, bottom), 0, shape[2], rois.dtype)
            yield r, image, rows, weights(p, xp, (left, right), 1, shape[3], rois.dtype)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward, region by region."""
    p: Params = node.params
    data, y = ins[0], outs[0]
    y[...] = 0
    for r, image, rows, columns in regions(node, p, xp, ins[1], data.shape):
        if p.position_sensitive:
            own = data[image].reshape(y.shape[1], *p.pooled_size, *data.shape[2:])
            y[r] = xp.einsum("ph,cpqhw,qw->cpq", rows, own, columns)
        else:
            y[r] = resample(xp, rows, columns, data[image])


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shape is known."""
    return list(ins), [PartialType(b.shape, ins[0].dtype)]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward, region by region."""
    b: Backward = node.params
    dy, dx = ins[0], outs[0]
    dx[...] = 0
    for r, image, rows, columns in regions(node, b.forward, xp, ins[1], b.shape):
        if b.forward.position_sensitive:
            dx[image] += xp.einsum("ph,cpq,qw->cpqhw", rows, dy[r], columns).reshape(b.shape[1:])
        else:
            dx[image] += resample_backward(xp, rows, columns, dy[r])


BACKWARD = Op(
    "roi_align_backward", infer_backward, {"reference": reference(run_backward)}, params=Backward,
    inputs=("dy", "rois"),
)  # fmt: skip
OP = Op(
    "roi_align", infer, {"reference": reference(run)}, params=Params, inputs=("data", "rois"),
    mxnet=("_contrib_ROIAlign",), gradient=towards_data(BACKWARD),
)  # fmt: skip
