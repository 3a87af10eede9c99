"""Regions of interest: rows (image, left, top, right, bottom), in pixels of the image that the network was given."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import Field

from mxtrain.base.errors import DataError, ShapeError
from mxtrain.base.params import Spatial
from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank
from mxtrain.ops._resampling import image_shape

Pair = Annotated[Spatial, Field(min_length=2, max_length=2)]
"""(rows, columns); a number stands for a pair."""


def infer_rois(ins: Types, outs: Types, pooled: Shape, per_channel: int, columns: tuple[int, ...]) -> Inferred:
    """data (N, C, H, W), rois (R, columns) -> output (R, C / per_channel, *pooled).

    Raises:
        ShapeError: for other axes, other rows, or channels that cannot be divided.
    """
    shape, dtype = image_shape(ins), dtype_of(*ins, *outs)
    rois = need_rank(ins[1], (2,), "rois", "(R, 5)") or (None, columns[-1])
    if rois[1] is not None and rois[1] not in columns:
        raise ShapeError(f"input 'rois' must have rows of {' or '.join(map(str, columns))}, got {ins[1]}")
    channels = shape[1]
    if channels is not None and channels % per_channel:
        raise ShapeError(f"{channels} channels of 'data' must be a multiple of the number of bins ({per_channel})")
    out = (rois[0], None if channels is None else channels // per_channel, *pooled)
    return [PartialType(shape, dtype), PartialType(rois, dtype)], [PartialType(out, dtype)]


def images_of(node: Node, rois: Any, count: int) -> list[int]:
    """The image that each row names; a negative one means none.

    Raises:
        DataError: for an image that there is not.
    """
    if rois.shape[1] == 4:
        return [0] * len(rois)
    numbers = [int(i) for i in rois[:, 0]]
    wrong = next((i for i in numbers if i >= count), None)
    if wrong is not None:
        raise DataError(f"{node.where}: rois name the images 0 to {count - 1} of a batch of {count}, got {wrong}")
    return numbers


def round_half_away(v: float) -> int:
    """The nearest whole number, of two the one further from 0."""
    return math.floor(v + 0.5) if v >= 0 else -math.floor(0.5 - v)


def towards_data(backward: Op) -> Callable[[Node, Sequence[Entry | None]], Sequence[Entry | None]]:
    """The gradient whose operator `backward` reads dy and rois, and knows the forward and the shape of the data.

    Regions have none, as in MXNet.
    """

    def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
        if dys[0] is None:
            return [None, None]
        shape, rois = node.inputs[0].type.shape, node.inputs[1]
        return [apply(backward, f"{node.name}_backward", dys[0], rois, forward=node.params, shape=shape), None]

    return gradient
