"""psroi_pooling: the means of a grid over every region of interest, each bin from channels of its own.

Shapes:
    data (N, D G G, H, W), rois (R, 5): image, left, top, right, bottom -> output (R, D, P, P)
    D = output_dim, P = pooled_size, G = group_size, or P

The bin (p, q) of the output's channel d is the mean, over it, of the data's channel
(d G + floor(p G / P)) G + floor(q G / P). A bin that holds nothing is 0.

Source: MXNet's PSROIPooling; Dai et al., "R-FCN", 2016.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Node, Op
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types
from mxtrain.ops._rois import images_of, infer_rois, round_half_away, towards_data


@declare
class Params:
    """Parameters of psroi_pooling."""

    spatial_scale: float = param(gt=0, doc="size of the feature map, in sizes of the image")
    output_dim: int = param(ge=1, doc="channels of the output")
    pooled_size: int = param(ge=1, doc="rows and columns of bins")
    group_size: int = param(0, ge=0, doc="rows and columns of channels; 0: as pooled_size")


@dataclass(frozen=True)
class Backward:
    """The forward's parameters and the shape of its data."""

    forward: Params
    shape: Shape


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """As many outputs as regions."""
    want, out = infer_rois(ins, outs, (p.pooled_size,) * 2, 1, (5,))
    channels = p.output_dim * groups(p) ** 2
    shape, rows = want[0].shape or (None,) * 4, (out[0].shape or (None,))[0]
    want[0] = PartialType((shape[0], channels, *shape[2:]), want[0].dtype)
    return want, [PartialType((rows, p.output_dim, p.pooled_size, p.pooled_size), out[0].dtype)]


def groups(p: Params) -> int:
    """Rows and columns of channels."""
    return p.group_size or p.pooled_size


def means(p: Params, xp: Any, first: float, last: float, size: int, dtype: Any) -> Any:
    """(bins, size): what each row or column adds to each bin."""
    single = np.float32  # as MXNet: where a bin ends may hang on a last digit
    scale = single(p.spatial_scale)
    start, end = single(round_half_away(first)) * scale, single(round_half_away(last) + 1) * scale
    each = max(end - start, single(0.1)) / single(p.pooled_size)
    result = xp.zeros((p.pooled_size, size), dtype)
    for i in range(p.pooled_size):
        a, b = math.floor(single(i) * each + start), math.ceil(single(i + 1) * each + start)
        a, b = min(max(a, 0), size), min(max(b, 0), size)
        if a < b:
            result[i, a:b] = 1 / (b - a)
    return result


def regions(node: Node, p: Params, xp: Any, rois: Any, shape: Shape) -> Iterator[tuple[int, int, Any, Any]]:
    """(region, its image, weights of rows, weights of columns) of every region."""
    corners = rois[:, 1:].tolist()
    for r, image in enumerate(images_of(node, rois, shape[0])):
        if image >= 0:
            left, top, right, bottom = corners[r]
            rows = means(p, xp, top, bottom, shape[2], rois.dtype)
            yield r, image, rows, means(p, xp, left, right, shape[3], rois.dtype)


def own_channels(p: Params, xp: Any) -> tuple[Any, Any]:
    """(row, column) of the channels of each bin, (P, 1) and (1, P)."""
    each = xp.arange(p.pooled_size) * groups(p) // p.pooled_size
    return each[:, None], each[None, :]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward, region by region."""
    p: Params = node.params
    data, y = ins[0], outs[0]
    grid, (i, j) = data.reshape(data.shape[0], p.output_dim, groups(p), groups(p), *data.shape[2:]), own_channels(p, xp)
    y[...] = 0
    for r, image, rows, columns in regions(node, p, xp, ins[1], data.shape):
        y[r] = xp.einsum("ph,cpqhw,qw->cpq", rows, grid[image][:, i, j], columns)


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shape is known."""
    return list(ins), [PartialType(b.shape, ins[0].dtype)]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward, region by region."""
    b: Backward = node.params
    p, (i, j) = b.forward, own_channels(b.forward, xp)
    dx = xp.zeros((b.shape[0], p.output_dim, groups(p), groups(p), *b.shape[2:]), ins[0].dtype)
    for r, image, rows, columns in regions(node, p, xp, ins[1], b.shape):
        xp.add.at(dx[image], (slice(None), i, j), xp.einsum("ph,cpq,qw->cpqhw", rows, ins[0][r], columns))
    outs[0][...] = dx.reshape(b.shape)


BACKWARD = Op(
    "psroi_pooling_backward", infer_backward, {"reference": reference(run_backward)}, params=Backward,
    inputs=("dy", "rois"),
)  # fmt: skip
OP = Op(
    "psroi_pooling", infer, {"reference": reference(run)}, params=Params, inputs=("data", "rois"),
    mxnet=("_contrib_PSROIPooling",), gradient=towards_data(BACKWARD),
)  # fmt: skip
