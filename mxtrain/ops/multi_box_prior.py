"""multi_box_prior: boxes of several sizes and shapes around every position of a feature map.

Shapes:
    data (N, C, H, W) -> output (1, H W (sizes + ratios - 1), 4): left, top, right, bottom, where the image is 1 x 1

At each position all sizes with the first ratio, then the first size with the other ratios. A box of size s and ratio r
is s sqrt(r) H / W wide and s / sqrt(r) high.

Source: MXNet's MultiBoxPrior; Liu et al., "SSD", 2016.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank

Positive = Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)]
Pair = Annotated[tuple[float, ...], Field(min_length=2, max_length=2)]


@declare
class Params:
    """Parameters of multi_box_prior."""

    sizes: Positive = param((1.0,), doc="sizes, as parts of the image's height")
    ratios: Positive = param((1.0,), doc="ratios of width to height")
    clip: bool = param(False, doc="keep boxes inside the image")
    steps: Pair = param((-1.0, -1.0), doc="(down, across) from one position to the next; -1: 1 / H and 1 / W")
    offsets: Pair = param((0.5, 0.5), doc="(down, across) of the centres, in steps")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """As many boxes as positions and shapes."""
    dtype = dtype_of(ins[0], outs[0])
    shape = need_rank(ins[0], (4,), "data", "(N, C, H, W)")
    count = None
    if shape is not None and shape[2] is not None and shape[3] is not None:
        count = shape[2] * shape[3] * (len(p.sizes) + len(p.ratios) - 1)
    return [PartialType(shape, dtype)], [PartialType((1, count, 4), dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward: the values of the data do not matter."""
    p: Params = node.params
    h, w = node.inputs[0].type.shape[2:]
    down, across = p.steps if min(p.steps) > 0 else (1 / h, 1 / w)
    shapes = [(s, p.ratios[0]) for s in p.sizes] + [(p.sizes[0], r) for r in p.ratios[1:]]
    half = xp.asarray([(s * math.sqrt(r) * h / w / 2, s / math.sqrt(r) / 2) for s, r in shapes])
    y = (xp.arange(h) + p.offsets[0]) * down
    x = (xp.arange(w) + p.offsets[1]) * across
    centres = xp.stack([*xp.broadcast_arrays(x[None, :], y[:, None])], axis=-1)[:, :, None, :]
    boxes = xp.concatenate([centres - half, centres + half], axis=-1).reshape(1, -1, 4)
    outs[0][...] = xp.clip(boxes, 0, 1) if p.clip else boxes


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """None: only the shape is read."""
    return [None]


OP = Op(
    "multi_box_prior", infer, {"reference": reference(run)}, params=Params,
    mxnet=("_contrib_MultiBoxPrior", "MultiBoxPrior"), gradient=gradient,
)  # fmt: skip
