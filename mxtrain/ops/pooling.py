"""pooling: the maximum, mean, sum or p-norm of each window.

Shapes:
    data (N, C, S...) -> output (N, C, O...); hidden: workspace
    valid: O = floor((S + 2 pad - K) / stride) + 1; full: the same with ceil; same: O = ceil((S + 2 pad) / stride)
    global_pool: O = 1

A mean counts the padding unless count_include_pad is false; what lies beyond the padding is never counted. A mean of
nothing is 0, as in MXNet; a maximum of nothing, which MXNet makes the lowest number that there is, is refused. lp takes
powers of what is there, not of absolute values, as MXNet does.

Source: MXNet's Pooling.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from mxtrain.backends import onednn
from mxtrain.base.device import Device
from mxtrain.base.errors import ShapeError
from mxtrain.base.params import Spatial, SpatialPad, declare, param
from mxtrain.base.types import Layout, PartialType, TensorType
from mxtrain.graph import Entry, Node, Op, Recipe, apply_node
from mxtrain.ops import _pooling
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of
from mxtrain.ops._spatial import crop, output_size, padded, per_axis, scatter, windows

A = onednn.Arg


@declare
class Params:
    """Parameters of pooling."""

    kernel: Spatial = param((), doc="window; a number stands for a pair; not needed with global_pool")
    pool_type: Literal["max", "avg", "sum", "lp"] = param("max", doc="what is taken of a window")
    global_pool: bool = param(False, doc="one window over the whole image")
    pooling_convention: Literal["valid", "full", "same"] = param(
        "valid", doc="what happens to the last, partial window"
    )
    stride: Spatial = param((), doc="step of the window; empty: 1")
    pad: SpatialPad = param((), doc="border on both sides; empty: 0")
    p_value: int = param(2, ge=1, le=3, doc="exponent of lp")
    count_include_pad: bool = param(True, doc="a mean counts the padding as zeros")


class Geometry(NamedTuple):
    """One value per spatial axis of each; `after` is the border at the end, which may differ from `pad`."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    pad: tuple[int, ...]
    after: tuple[int, ...]
    out: tuple[int, ...]


def geometry(p: Params, sizes: Sequence[int]) -> Geometry:
    """The windows over an image of these sizes.

    Raises:
        ShapeError: if there is no window, it is larger than the image, or one sees nothing that could be counted.
    """
    rank = len(sizes)
    if p.global_pool:
        one, zero = (1,) * rank, (0,) * rank
        return Geometry(tuple(sizes), one, zero, zero, one)
    if len(p.kernel) != rank:
        raise ShapeError(f"kernel {tuple(p.kernel)} must have one value per spatial axis ({rank})")
    stride, pad = per_axis(p.stride, rank, 1, "stride"), per_axis(p.pad, rank, 0, "pad")
    out = []
    for size, k, s, b in zip(sizes, p.kernel, stride, pad, strict=True):
        valid = output_size(size, k, s, b)
        if p.pooling_convention == "full":
            out.append(-(-(size + 2 * b - k) // s) + 1)
        else:
            out.append(valid if p.pooling_convention == "valid" else -(-(size + 2 * b) // s))
        _check_seen(p, size, k, (out[-1] - 1) * s - b, b)
    after = tuple(
        max((o - 1) * s + k - n - b, 0) for o, s, k, n, b in zip(out, stride, p.kernel, sizes, pad, strict=True)
    )
    return Geometry(tuple(p.kernel), stride, pad, after, tuple(out))


def _check_seen(p: Params, size: int, kernel: int, last: int, pad: int) -> None:
    """The first and the last window along an axis must hold something: nothing has no maximum.

    Args:
        last: where the last window begins.

    Raises:
        ShapeError: if one does not.
    """
    if p.pool_type not in ("max", "avg"):
        return
    border = pad if p.pool_type == "avg" and p.count_include_pad else 0
    if kernel <= pad and not border:
        raise ShapeError(f"the first window ({kernel}) lies in the padding ({pad}); pad must be below the kernel")
    if last >= size and p.pool_type == "max":
        raise ShapeError(
            f"the last window begins at {last}, where nothing of the {size} elements is left (MXNet gives -3.4e38); "
            f"use pooling_convention valid, less padding, or a stride of at most the kernel ({kernel})"
        )


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Forward; backward only what is the same on both sides."""
    dtype = dtype_of(ins[0], outs[0])
    shape = ins[0].shape
    workspace = PartialType((0,), "uint8")
    if shape is None:
        return [PartialType(None, dtype)], [PartialType(None, dtype), workspace]
    if len(shape) < 3:
        raise ShapeError(f"input 'data' must have the axes (N, C, S...), got {ins[0]}")
    if not p.global_pool and not p.kernel:
        raise ShapeError("kernel must be given unless global_pool is true")
    sizes = [s for s in shape[2:] if s is not None]
    known = len(sizes) == len(shape) - 2
    out = geometry(p, sizes).out if known else (1,) * (len(shape) - 2) if p.global_pool else (None,) * (len(shape) - 2)
    return [PartialType(shape, dtype)], [PartialType((*shape[:2], *out), dtype), workspace]


def counts(p: Params, g: Geometry, sizes: Sequence[int], xp: Any, dtype: Any) -> Any:
    """How many elements a mean divides by, for each window: (O...)."""
    total = xp.ones((), dtype)
    for i, size in enumerate(sizes):
        start = xp.arange(g.out[i]) * g.stride[i] - g.pad[i]
        stop = start + g.kernel[i]
        if p.count_include_pad:
            n = xp.minimum(stop, size + g.pad[i]) - start
        else:
            n = xp.minimum(stop, size) - xp.maximum(start, 0)
        total = total[..., None] * xp.maximum(n, 1).astype(dtype)
    return total


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    x, rank = ins[0], ins[0].ndim - 2
    g = geometry(p, x.shape[2:])
    one, axes = (1,) * rank, tuple(range(-rank, 0))
    w = windows(padded(x, xp, g.pad, g.after, -math.inf if p.pool_type == "max" else 0.0), xp, g.kernel, g.stride, one)
    if p.pool_type == "max":
        flat = w.reshape(*w.shape[: 2 + rank], -1)
        outs[0][...] = flat.max(axis=-1)
        if node.reads(1):
            outs[1].view(xp.int32).reshape(flat.shape[:-1])[...] = flat.argmax(axis=-1)
    elif p.pool_type == "lp":
        outs[0][...] = root(xp, (w**p.p_value).sum(axis=axes), p.p_value)
    else:
        total = w.sum(axis=axes)
        outs[0][...] = total / counts(p, g, x.shape[2:], xp, x.dtype) if p.pool_type == "avg" else total


def root(xp: Any, x: Any, p: int) -> Any:
    """The real root of a sum of powers, which is negative where an odd power made it so."""
    return x if p == 1 else xp.sqrt(x) if p == 2 else xp.cbrt(x)


@dataclass(frozen=True)
class Backward:
    """The forward's parameters and the shape of its data."""

    forward: Params
    shape: tuple[int, ...]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward: spread each window's gradient over its elements."""
    p: Params = node.params.forward
    dy, shape = ins[0], node.params.shape
    rank = len(shape) - 2
    g = geometry(p, shape[2:])
    one, size = (1,) * rank, math.prod(g.kernel)
    spread = (*dy.shape, *one)
    if p.pool_type == "max":
        best = ins[1].view(xp.int32).reshape(spread)
        where = xp.arange(size, dtype=xp.int32).reshape(*(1,) * dy.ndim, *g.kernel)
        cols = xp.where(best == where, dy.reshape(spread), xp.zeros((), dy.dtype))
    elif p.pool_type == "lp":
        x, y = ins[1], ins[2]
        w = windows(padded(x, xp, g.pad, g.after), xp, g.kernel, g.stride, one)
        norm = xp.where(y == 0, 1, y) ** (p.p_value - 1)
        cols = (dy / norm).reshape(spread) * w ** (p.p_value - 1)
    else:
        each = dy / counts(p, g, shape[2:], xp, dy.dtype) if p.pool_type == "avg" else dy
        cols = xp.broadcast_to(each.reshape(spread), (*dy.shape, *g.kernel))
    big = (*shape[:2], *(s + b + a for s, b, a in zip(shape[2:], g.pad, g.after, strict=True)))
    outs[0][...] = crop(scatter(cols, xp, big, g.stride, one), g.pad, shape)


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shape is known."""
    return list(ins), [PartialType(b.shape, dtype_of(ins[0]))]


def backward_inputs(b: Backward) -> tuple[str, ...]:
    """The maximum reads where it was; the norm reads data and output; the others nothing more."""
    return {"max": ("dy", "workspace"), "lp": ("dy", "data", "y")}.get(b.forward.pool_type, ("dy",))


def reference_workspace(node: Node) -> dict[int, Layout]:
    """int32 position of the maximum in each window."""
    used = node.params.pool_type == "max" and node.reads(1)
    return {1: Layout("workspace", "argmax", 4 * node.types[0].size if used else 0)}


def descs(p: Params, data: TensorType, out: TensorType, training: bool) -> tuple[Any, ...] | None:
    """(algorithm, geometry as oneDNN takes it), or None where its counting differs from MXNet's."""
    g = geometry(p, data.shape[2:])
    if (
        p.pool_type not in ("max", "avg")
        or data.layout.opaque
        or data.layout != out.layout
        or counts_nothing(p, g, data)
    ):
        return None
    if p.pool_type == "avg" and p.count_include_pad and any(a > b for a, b in zip(g.after, g.pad, strict=True)):
        return None
    algorithm = (
        onednn.Algorithm.POOLING_MAX
        if p.pool_type == "max"
        else onednn.Algorithm.POOLING_AVG_INCLUDE_PADDING
        if p.count_include_pad
        else onednn.Algorithm.POOLING_AVG_EXCLUDE_PADDING
    )
    return algorithm, g.stride, g.kernel, (0,) * len(g.kernel), g.pad, g.after


def forward_desc(p: Params, data: TensorType, out: TensorType, training: bool) -> onednn.PrimitiveDesc | None:
    """The library's plan for the forward."""
    if not onednn.available() or not onednn.supports(data, out):
        return None
    d = descs(p, data, out, training)
    prop = onednn.Prop.TRAINING if training else onednn.Prop.INFERENCE
    return (
        None
        if d is None
        else onednn.describe("pooling_forward", prop, d[0], onednn.desc(data), onednn.desc(out), *d[1:])
    )


def backward_desc(p: Params, data: TensorType, out: TensorType) -> onednn.PrimitiveDesc | None:
    """The library's plan for the backward."""
    hint, d = forward_desc(p, data, out, True), descs(p, data, out, True)
    if hint is None or d is None:
        return None
    return onednn.describe("pooling_backward", d[0], onednn.desc(data), onednn.desc(out), *d[1:], hint)


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN; a workspace only where a backward will read it."""
    training = bool(node.used) and node.reads(1)
    data, out = node.inputs[0].type, node.types[0]
    pd = forward_desc(node.params, data, out, training)
    if pd is None or (training and backward_desc(node.params, data, out) is None):
        return None
    outs = {A.DST: 0} | ({A.WORKSPACE: 1} if pd.desc(A.WORKSPACE) else {})
    return onednn.recipe(pd, node, {A.SRC: 0}, outs, hidden=(1,))


def fast_backward(node: Node, device: Device) -> Recipe | None:
    """oneDNN, if the forward was oneDNN's too: the workspace is its own."""
    p: Params = node.params.forward
    pd = backward_desc(p, node.types[0], node.inputs[0].type)
    if pd is None or (p.pool_type == "max" and node.inputs[1].type.layout.key == "argmax"):
        return None
    ins = {A.DIFF_DST: 0} | ({A.WORKSPACE: 1} if p.pool_type == "max" else {})
    return onednn.recipe(pd, node, ins, {A.DIFF_SRC: 0})


def counts_nothing(p: Params, g: Geometry, data: TensorType) -> bool:
    """True if there is a mean of nothing: libraries divide by 0 there."""
    border = g.pad if p.count_include_pad else (0,) * len(g.pad)
    ends = zip(g.out, g.stride, g.pad, data.shape[2:], border, strict=True)
    return p.pool_type == "avg" and any((o - 1) * s - b >= n + more for o, s, b, n, more in ends)


def mode(p: Params, g: Geometry, data: TensorType) -> str | None:
    """What the CUDA kernels call it; None: they have none for it."""
    if counts_nothing(p, g, data):
        return None
    if p.pool_type == "avg":
        return "avg_include" if p.count_include_pad else "avg_exclude"
    return None if p.pool_type == "lp" else p.pool_type


def gpu(node: Node, device: Device) -> Recipe | None:
    """Own kernels; a workspace only where a backward will read it."""
    x, y = node.inputs[0].type, node.types[0]
    g = geometry(node.params, x.shape[2:])
    how = mode(node.params, g, x)
    sizes = _pooling.numbers(x, y, g.kernel, g.stride, g.pad)
    return how and _pooling.forward(device, how, x, y, sizes, bool(node.used) and node.reads(1)) or None


def gpu_backward(node: Node, device: Device) -> Recipe | None:
    """Own kernels, if the forward was ours too: the workspace is ours."""
    p: Params = node.params.forward
    dx, dy = node.types[0], node.inputs[0].type
    g = geometry(p, dx.shape[2:])
    how = mode(p, g, dx)
    if how is None or (how == "max" and node.inputs[1].type.layout.key != _pooling.WHERE):
        return None
    return _pooling.backward(device, how, dx, dy, _pooling.numbers(dx, dy, g.kernel, g.stride, g.pad))


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards the data."""
    if dys[0] is None:
        return [None]
    b = Backward(node.params, node.inputs[0].type.shape)
    more = {"max": (node[1],), "lp": (node.inputs[0], node[0])}.get(node.params.pool_type, ())
    return [apply_node(BACKWARD, f"{node.name}_backward", (dys[0], *more), b)[0]]


BACKWARD = Op(
    "pooling_backward", infer_backward, {"reference": reference(run_backward), "onednn": fast_backward,
     "cuda": gpu_backward},
    params=Backward, inputs=backward_inputs, layout="spatial", flat=("workspace",), precision="narrow",
    wide=("workspace",),
)  # fmt: skip
OP = Op(
    "pooling", infer, {"reference": reference(run, workspace=reference_workspace), "onednn": fast, "cuda": gpu},
    params=Params, outputs=("output", "workspace"), mxnet=("Pooling", "Pooling_v1"), gradient=gradient,
    layout="spatial", flat=("workspace",), precision="narrow", wide=("workspace",),
)  # fmt: skip
