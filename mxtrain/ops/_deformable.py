"""Convolutions whose windows read where offsets say: array code of reference kernels and the operators made of it.

Letters: data (N, C, H, W), offset (N, 2 D K L, O, P), mask (N, D K L, O, P), weight (F, C/G, K, L), bias (F,) ->
output (N, F, O, P); D = num_deformable_group, G = num_group, (K, L) = kernel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import Spatial, SpatialPad, declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank
from mxtrain.ops._resampling import image_shape
from mxtrain.ops._sampling import sample, sample_backward
from mxtrain.ops._spatial import output_size, per_axis


@declare
class Params:
    """Parameters of a deformable convolution."""

    kernel: Annotated[Spatial, Field(min_length=2, max_length=2)] = param(doc="window; a number stands for a pair")
    num_filter: int = param(ge=1, doc="number of output channels")
    stride: Spatial = param((), doc="step of the window; empty: 1")
    dilate: Spatial = param((), doc="distance of the window's elements; empty: 1")
    pad: SpatialPad = param((), doc="zeros on both sides; empty: 0")
    num_group: int = param(1, ge=1, doc="groups of channels that do not see each other")
    num_deformable_group: int = param(1, ge=1, doc="groups of channels that have offsets of their own")
    no_bias: bool = param(False, doc="leave out the bias")


@dataclass(frozen=True)
class Backward:
    """The forward's parameters, and whether it has a mask."""

    forward: Params
    modulated: bool


def steps(p: Params) -> list[tuple[int, int, int, int]]:
    """(kernel, stride, pad, dilate) along each axis."""
    s, d, b = per_axis(p.stride, 2, 1, "stride"), per_axis(p.dilate, 2, 1, "dilate"), per_axis(p.pad, 2, 0, "pad")
    return list(zip(p.kernel, s, b, d, strict=True))


def input_names(p: Params, modulated: bool) -> tuple[str, ...]:
    """A mask if it is modulated, a bias unless it is left out."""
    return ("data", "offset", *(("mask",) if modulated else ()), "weight", *(() if p.no_bias else ("bias",)))


def infer(p: Params, modulated: bool, ins: Types) -> Inferred:
    """Everything from the data."""
    dtype = dtype_of(*ins)
    n, channels, *sizes = image_shape(ins)
    for count, what in ((p.num_group, "num_group"), (p.num_deformable_group, "num_deformable_group")):
        if channels is not None and channels % count:
            raise ShapeError(f"{channels} channels of 'data' must be a multiple of {what} {count}")
    if p.num_filter % p.num_group:
        raise ShapeError(f"num_filter {p.num_filter} must be a multiple of num_group {p.num_group}")
    weight = need_rank(ins[2 + modulated], (4,), "weight", "(F, C/G, K, L)")
    if channels is None and weight is not None and weight[1] is not None:
        channels = weight[1] * p.num_group
    out = [None if s is None else output_size(s, *q) for s, q in zip(sizes, steps(p), strict=True)]
    places = p.num_deformable_group * math.prod(p.kernel)
    want = [PartialType((n, channels, *sizes), dtype), PartialType((n, 2 * places, *out), dtype)]
    if modulated:
        want.append(PartialType((n, places, *out), dtype))
    per_group = None if channels is None else channels // p.num_group
    want.append(PartialType((p.num_filter, per_group, *p.kernel), dtype))
    want += [] if p.no_bias else [PartialType((p.num_filter,), dtype)]
    return want, [PartialType((n, p.num_filter, *out), dtype)]


def places(p: Params, xp: Any, offset: Any) -> tuple[Any, Any]:
    """(y, x) that the windows read, (N D, K L O P), in pixels of the data."""
    n, _, o, w = offset.shape
    moves = offset.reshape(n * p.num_deformable_group, *p.kernel, 2, o, w)
    (k, s, b, d), (k2, s2, b2, d2) = steps(p)
    y = (xp.arange(k) * d - b).reshape(k, 1, 1, 1) + (xp.arange(o) * s).reshape(o, 1)
    x = (xp.arange(k2) * d2 - b2).reshape(k2, 1, 1) + xp.arange(w) * s2
    rows = len(moves)
    return (moves[:, :, :, 0] + y).reshape(rows, -1), (moves[:, :, :, 1] + x).reshape(rows, -1)


class Read(NamedTuple):
    """Where the windows read; (N D, K L O P) each.

    Args:
        seen: 1 where there is something to read.
        down: 1 where what is read changes with y.
        right: 1 where it changes with x.
    """

    y: Any
    x: Any
    seen: Any
    down: Any
    right: Any


def reads(p: Params, modulated: bool, xp: Any, data: Any, offset: Any) -> Read:
    """Modulated, the image fades out over a pixel beyond its edges. Otherwise it ends at the first pixel's middle and a
    pixel beyond the last one's, where the last pixel goes on, as in MXNet."""
    y, x = places(p, xp, offset)
    if modulated:
        one = xp.ones_like(y)
        return Read(y, x, one, one, one)
    h, w = data.shape[2:]
    seen = ((y >= 0) & (x >= 0) & (y < h) & (x < w)).astype(y.dtype)
    down, right = seen * (y < h - 1), seen * (x < w - 1)
    return Read(xp.clip(y, 0, h - 1), xp.clip(x, 0, w - 1), seen, down, right)


def images(p: Params, data: Any) -> Any:
    """(N D, C/D, H, W)."""
    return data.reshape(-1, data.shape[1] // p.num_deformable_group, *data.shape[2:])


def columns(p: Params, xp: Any, data: Any, at: Read, mask: Any) -> tuple[Any, Any]:
    """(what the windows read, the same times the mask), (N D, C/D, K L O P)."""
    read = sample(xp, images(p, data), at.y, at.x) * at.seen[:, None]
    return read, read if mask is None else read * mask.reshape(len(read), 1, -1)


def split(p: Params, modulated: bool, ins: Sequence[Any]) -> tuple[Any, Any, Any, Any]:
    """(data, offset, mask or None, weight) of a node's inputs."""
    return ins[0], ins[1], ins[2] if modulated else None, ins[2 + modulated]


def run(p: Params, modulated: bool, xp: Any, ins: Sequence[Any], y: Any) -> None:
    """Reference forward: columns, then a product per group."""
    data, offset, mask, weight = split(p, modulated, ins)
    _, cols = columns(p, xp, data, reads(p, modulated, xp, data, offset), mask)
    g, n = p.num_group, len(data)
    made = xp.matmul(weight.reshape(g, p.num_filter // g, -1), cols.reshape(n, g, weight[0].size, -1))
    y[...] = made.reshape(y.shape)
    if not p.no_bias:
        y += ins[-1].reshape(-1, 1, 1)


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward: columns are made again."""
    p: Params = node.params.forward
    dy = ins[0]
    data, offset, mask, weight = split(p, node.params.modulated, ins[1:])
    at = reads(p, node.params.modulated, xp, data, offset)
    read, cols = columns(p, xp, data, at, mask)
    g, n = p.num_group, len(data)
    dmade, wide = dy.reshape(n, g, p.num_filter // g, -1), weight.reshape(g, p.num_filter // g, -1)
    grouped = cols.reshape(n, g, weight[0].size, -1)
    dweight = xp.matmul(dmade, grouped.transpose(0, 1, 3, 2)).sum(axis=0).reshape(weight.shape)
    dcols = xp.matmul(wide.transpose(0, 2, 1), dmade).reshape(read.shape)
    results = []
    if mask is not None:
        results.append((dcols * read).sum(axis=1).reshape(mask.shape))
        dcols = dcols * mask.reshape(len(read), 1, -1)
    dimage, down, right = sample_backward(xp, dcols * at.seen[:, None], images(p, data), at.y, at.x)
    moves = (down * at.down, right * at.right)
    doffset = xp.stack([a.reshape(len(read), *p.kernel, *dy.shape[2:]) for a in moves], axis=3)
    results = [dimage.reshape(data.shape), doffset.reshape(offset.shape), *results, dweight]
    results += [] if p.no_bias else [dy.sum(axis=(0, 2, 3))]
    for out, result in zip(outs, results, strict=True):
        out[...] = result


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """Gradients are as what they belong to."""
    bias = [] if b.forward.no_bias else [PartialType((b.forward.num_filter,), ins[0].dtype)]
    return list(ins), [*ins[1:], *bias]


def backward_inputs(b: Backward) -> tuple[str, ...]:
    """The output's gradient, and the inputs but the bias."""
    return ("dy", "data", "offset", *(("mask",) if b.modulated else ()), "weight")


def convolution(name: str, mxnet: str, modulated: bool) -> Op:
    """One of the two operators."""

    def forward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
        """Reference forward."""
        run(node.params, modulated, xp, ins, outs[0])

    def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
        """Towards every input."""
        if dys[0] is None:
            return [None] * len(node.inputs)
        b = Backward(node.params, modulated)
        back = apply_node(BACKWARD, f"{node.name}_backward", (dys[0], *node.inputs[: 3 + modulated]), b)
        return [back[i] for i in range(len(node.inputs))]

    return Op(
        name, lambda p, ins, outs: infer(p, modulated, ins), {"reference": reference(forward)}, params=Params,
        inputs=lambda p: input_names(p, modulated), mxnet=(mxnet,), gradient=gradient,
    )  # fmt: skip


BACKWARD = Op(
    "deformable_convolution_backward", infer_backward, {"reference": reference(run_backward)}, params=Backward,
    inputs=backward_inputs,
    outputs=lambda b: tuple(f"d{n}" for n in input_names(b.forward, b.modulated)),
)  # fmt: skip
DEFORMABLE = convolution("deformable_convolution", "_contrib_DeformableConvolution", False)
MODULATED = convolution("modulated_deformable_convolution", "_contrib_ModulatedDeformableConvolution", True)
