"""convolution: cross-correlation with learned filters, with groups, stride, dilation and zero padding.

Shapes:
    data (N, C, S...), weight (F, C/G, K...), bias (F,) -> output (N, F, O...)
    O = floor((S + 2 pad - dilate (K - 1) - 1) / stride) + 1, with one to three spatial axes

Source: MXNet's Convolution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mxtrain.backends import onednn
from mxtrain.base.device import Device
from mxtrain.base.errors import ShapeError
from mxtrain.base.params import Spatial, SpatialPad, declare, param
from mxtrain.base.types import PartialType, TensorType
from mxtrain.graph import Entry, Node, Op, Recipe, apply_node
from mxtrain.ops._activations import FORWARD, absorbed, backward, post_ops
from mxtrain.ops._add_act import other_addend
from mxtrain.ops._call import reference
from mxtrain.ops._fold import backward_data_flops, backward_weights_flops, fold, weight_flops
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank, statistics_dtype
from mxtrain.ops._spatial import crop, output_size, padded, per_axis, scatter, windows

A = onednn.Arg


@declare
class Params:
    """Parameters of convolution."""

    num_filter: int = param(ge=1, doc="number of output channels")
    kernel: Spatial = param(doc="window; a number stands for a pair", min_length=1)
    stride: Spatial = param((), doc="step of the window; empty: 1")
    dilate: Spatial = param((), doc="distance of the window's elements; empty: 1")
    pad: SpatialPad = param((), doc="zeros on both sides; empty: 0")
    num_group: int = param(1, ge=1, doc="groups of channels that do not see each other")
    no_bias: bool = param(False, doc="leave out the bias")


@declare
class Fused(Params):
    """A convolution that has absorbed what comes after it. Made by the compiler."""

    act: str | None = param(None, doc="the activation")
    add: bool = param(False, doc="an addend before the activation")


@dataclass(frozen=True)
class BackwardData:
    """What the gradient towards the data needs besides arrays."""

    forward: Params
    shape: tuple[int, ...]


@dataclass(frozen=True)
class BackwardWeights:
    """What the gradient towards weight and bias needs besides arrays."""

    forward: Params


class Geometry(NamedTuple):
    """One value per spatial axis of each."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilate: tuple[int, ...]
    pad: tuple[int, ...]


def geometry(p: Params) -> Geometry:
    """The parameters with MXNet's empty defaults filled in."""
    rank = len(p.kernel)
    return Geometry(
        tuple(p.kernel),
        per_axis(p.stride, rank, 1, "stride"),
        per_axis(p.dilate, rank, 1, "dilate"),
        per_axis(p.pad, rank, 0, "pad"),
    )


def input_names(p: Params) -> tuple[str, ...]:
    """No bias, no input."""
    names = ("data", "weight") if p.no_bias else ("data", "weight", "bias")
    return (*names, "addend") if getattr(p, "add", False) else names


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Weight and bias from the data; channels of the data from the weight."""
    g = geometry(p)
    rank = len(g.kernel)
    shape = need_rank(ins[0], (rank + 2,), "data", f"(N, C{', S' * rank})")
    if p.num_filter % p.num_group:
        raise ShapeError(f"num_filter {p.num_filter} must be a multiple of num_group {p.num_group}")
    dtype = dtype_of(ins[0], outs[0])
    channels = shape[1] if shape else None
    weight = ins[1].shape
    if channels is None and weight is not None and len(weight) == rank + 2 and weight[1] is not None:
        channels = weight[1] * p.num_group
    if channels is not None and channels % p.num_group:
        raise ShapeError(f"{channels} channels of 'data' must be a multiple of num_group {p.num_group}")
    per_group = None if channels is None else channels // p.num_group
    batch = shape[0] if shape else (outs[0].shape or (None,))[0]
    sizes = shape[2:] if shape else (None,) * rank
    out = tuple(
        None if s is None else output_size(s, *q)
        for s, *q in zip(sizes, g.kernel, g.stride, g.pad, g.dilate, strict=True)
    )
    weights = statistics_dtype(dtype) if ins[1].dtype is None else ins[1].dtype
    want = [PartialType((batch, channels, *sizes), dtype), PartialType((p.num_filter, per_group, *g.kernel), weights)]
    if not p.no_bias:
        want.append(PartialType((p.num_filter,), statistics_dtype(dtype)))
    result = PartialType((batch, p.num_filter, *out), dtype)
    return [*want, result] if getattr(p, "add", False) else want, [result]


def columns(x: Any, xp: Any, p: Params) -> Any:
    """The windows of x by group: (N, G, C/G, O..., K...)."""
    g = geometry(p)
    w = windows(padded(x, xp, g.pad, g.pad), xp, g.kernel, g.stride, g.dilate)
    return w.reshape(w.shape[0], p.num_group, w.shape[1] // p.num_group, *w.shape[2:])


def letters(rank: int) -> tuple[str, str]:
    """Einstein letters of the output axes and of the window axes."""
    return "xyz"[:rank], "uvw"[:rank]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    o, k = letters(len(p.kernel))
    weight = ins[1].reshape(p.num_group, p.num_filter // p.num_group, *ins[1].shape[1:])
    y = xp.einsum(f"ngc{o}{k},gfc{k}->ngf{o}", columns(ins[0], xp, p), weight, optimize=True)
    y = y.reshape(outs[0].shape)
    if not p.no_bias:
        y = y + ins[2].reshape(1, -1, *(1,) * len(p.kernel))
    if getattr(p, "add", False):
        y = y + ins[-1]
    act = getattr(p, "act", None)
    if act:
        FORWARD[act](xp, y, y)
    outs[0][...] = y


def run_backward_data(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference gradient towards the data."""
    p: Params = node.params.forward
    dy, weight = ins
    g, (o, k) = geometry(p), letters(len(p.kernel))
    dy = dy.reshape(dy.shape[0], p.num_group, -1, *dy.shape[2:])
    weight = weight.reshape(p.num_group, p.num_filter // p.num_group, *weight.shape[1:])
    cols = xp.einsum(f"ngf{o},gfc{k}->ngc{o}{k}", dy, weight, optimize=True)
    cols = cols.reshape(cols.shape[0], -1, *cols.shape[3:])
    shape = outs[0].shape
    big = (*shape[:2], *(s + 2 * b for s, b in zip(shape[2:], g.pad, strict=True)))
    outs[0][...] = crop(scatter(cols, xp, big, g.stride, g.dilate), g.pad, shape)


def run_backward_weights(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference gradient towards weight and bias."""
    p: Params = node.params.forward
    x, dy = ins
    o, k = letters(len(p.kernel))
    grouped = dy.reshape(dy.shape[0], p.num_group, -1, *dy.shape[2:])
    dw = xp.einsum(f"ngf{o},ngc{o}{k}->gfc{k}", grouped, columns(x, xp, p), optimize=True)
    outs[0][...] = dw.reshape(outs[0].shape)
    if not p.no_bias:
        outs[1][...] = dy.sum(axis=(0, *range(2, dy.ndim)))


def infer_backward_data(b: BackwardData, ins: Types, outs: Types) -> Inferred:
    """The shape is known."""
    return list(ins), [PartialType(b.shape, dtype_of(ins[0]))]


def infer_backward_weights(b: BackwardWeights, ins: Types, outs: Types) -> Inferred:
    """Gradients of weights are at least float32."""
    p, shape = b.forward, ins[0].shape
    dtype = statistics_dtype(dtype_of(ins[0]))
    channels = None if shape is None or shape[1] is None else shape[1] // p.num_group
    result = [PartialType((p.num_filter, channels, *p.kernel), dtype)]
    return list(ins), result if p.no_bias else [*result, PartialType((p.num_filter,), dtype)]


class Descs(NamedTuple):
    """A convolution as oneDNN sees it."""

    weight_axes: tuple[int, ...]
    geometry: tuple[tuple[int, ...], ...]
    bias: onednn.MemoryDesc | None


def descs(p: Params, data: TensorType, out: TensorType, bias: bool) -> Descs:
    """Weight axes (groups apart), strides, dilates, and paddings on both sides."""
    g = geometry(p)
    per_group = data.shape[1] // p.num_group
    axes = (p.num_filter, per_group, *g.kernel)
    if p.num_group > 1:
        axes = (p.num_group, p.num_filter // p.num_group, per_group, *g.kernel)
    right = tuple(
        max((o - 1) * s + d * (k - 1) + 1 - n - b, 0)
        for o, n, k, s, d, b in zip(out.shape[2:], data.shape[2:], *g, strict=True)
    )
    md = onednn.desc(TensorType((p.num_filter,))) if bias else None
    return Descs(axes, (g.stride, tuple(d - 1 for d in g.dilate), g.pad, right), md)


def forward_desc(p: Params, data: TensorType, out: TensorType, prop: onednn.Prop) -> onednn.PrimitiveDesc | None:
    """The library's plan for the forward, the hint of the backward too."""
    if not onednn.available() or not onednn.supports(data, out):
        return None
    d = descs(p, data, out, not p.no_bias)
    added = [("binary", onednn.Algorithm.ADD, onednn.desc(out))] if getattr(p, "add", False) else []
    return onednn.describe(
        "convolution_forward", prop, onednn.Algorithm.CONVOLUTION_DIRECT, onednn.desc(data),
        onednn.any_layout(d.weight_axes, data.dtype), d.bias, onednn.desc(out), *d.geometry,
        attr=onednn.attributes(*added, *post_ops(getattr(p, "act", None))),
    )  # fmt: skip


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN, with bias and activation in the same pass."""
    p: Params = node.params
    pd = forward_desc(p, node.inputs[0].type, node.types[0], onednn.Prop.INFERENCE)
    if pd is None:
        return None
    axes = descs(p, node.inputs[0].type, node.types[0], False).weight_axes
    ins: dict[int, Any] = {A.SRC: 0, A.WEIGHTS: (1, axes)}
    if not p.no_bias:
        ins[A.BIAS] = 2
    if getattr(p, "add", False):
        ins[A.POST_OP_BASE | A.SRC_1] = len(node.inputs) - 1
    return onednn.recipe(pd, node, ins, {A.DST: 0})


def fast_backward_data(node: Node, device: Device) -> Recipe | None:
    """oneDNN's backward data."""
    p: Params = node.params.forward
    dy, dx = node.inputs[0].type, node.types[0]
    hint = forward_desc(p, dx, dy, onednn.Prop.TRAINING)
    if hint is None:
        return None
    d = descs(p, dx, dy, False)
    pd = onednn.describe(
        "convolution_backward_data", onednn.Algorithm.CONVOLUTION_DIRECT, onednn.desc(dx),
        onednn.any_layout(d.weight_axes, dx.dtype), onednn.desc(dy), *d.geometry, hint,
    )  # fmt: skip
    if pd is None:
        return None
    return onednn.recipe(pd, node, {A.DIFF_DST: 0, A.WEIGHTS: (1, d.weight_axes)}, {A.DIFF_SRC: 0})


def fast_backward_weights(node: Node, device: Device) -> Recipe | None:
    """oneDNN's backward weights; gradients come as float32 from any precision."""
    p: Params = node.params.forward
    x, dy = node.inputs[0].type, node.inputs[1].type
    hint = forward_desc(p, x, dy, onednn.Prop.TRAINING)
    if hint is None or node.types[0].dtype != "float32":
        return None
    d = descs(p, x, dy, not p.no_bias)
    pd = onednn.describe(
        "convolution_backward_weights", onednn.Algorithm.CONVOLUTION_DIRECT, onednn.desc(x),
        onednn.any_layout(d.weight_axes, "float32"), d.bias, onednn.desc(dy), *d.geometry, hint,
    )  # fmt: skip
    if pd is None:
        return None
    outs: dict[int, Any] = {A.DIFF_WEIGHTS: (0, d.weight_axes)}
    if not p.no_bias:
        outs[A.DIFF_BIAS] = 1
    return onednn.recipe(pd, node, {A.SRC: 0, A.DIFF_DST: 1}, outs)


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards data, weight and bias."""
    p: Params = node.params
    if dys[0] is None:
        return [None] * len(node.inputs)
    plain = Params(**{k: getattr(p, k) for k in Params.__dataclass_fields__})
    dy = backward(node, dys[0], getattr(p, "act", None))
    data, weight = node.inputs[:2]
    dx = apply_node(BACKWARD_DATA, f"{node.name}_backward_data", (dy, weight), BackwardData(plain, data.type.shape))
    dw = apply_node(BACKWARD_WEIGHTS, f"{node.name}_backward_weights", (data, dy), BackwardWeights(plain))
    return [dx[0], *(dw[i] for i in range(len(node.inputs) - 1))]


def absorb(node: Node, reader: Node, training: bool) -> Node | None:
    """The activation after it; outside training also a batch normalisation, folded into the weights, and a sum."""
    p: Params = node.params
    if getattr(p, "act", None) is not None:
        return None
    fields = {k: getattr(p, k) for k in Params.__dataclass_fields__}
    act, add = absorbed(reader), getattr(p, "add", False)
    if act:
        return apply_node(OP, reader.name, node.inputs, Fused(**fields, act=act, add=add), (node.name, reader.name))
    if training or add:
        return None
    addend = other_addend(node, reader)
    if addend:
        fused = Fused(**fields, add=True)
        return apply_node(OP, reader.name, (*node.inputs, addend), fused, (node.name, reader.name))
    folded = fold(node, reader, p.no_bias)
    if folded is None:
        return None
    inputs, act = folded
    fields["no_bias"] = False
    return apply_node(OP, reader.name, inputs, Fused(**fields, act=act), (node.name, reader.name))


BACKWARD_DATA = Op(
    "convolution_backward_data", infer_backward_data,
    {"reference": reference(run_backward_data), "onednn": fast_backward_data}, flops=backward_data_flops,
    params=BackwardData, inputs=("dy", "weight"), layout="spatial", flat=("weight",), precision="narrow",
)  # fmt: skip
BACKWARD_WEIGHTS = Op(
    "convolution_backward_weights", infer_backward_weights,
    {"reference": reference(run_backward_weights), "onednn": fast_backward_weights}, flops=backward_weights_flops,
    params=BackwardWeights, inputs=("data", "dy"), layout="spatial", precision="narrow",
    outputs=lambda b: ("dweight",) if b.forward.no_bias else ("dweight", "dbias"),
    flat=("dweight", "dbias"), wide=("dweight", "dbias"),
)  # fmt: skip
OP = Op(
    "convolution", infer, {"reference": reference(run), "onednn": fast}, params=Params, inputs=input_names,
    mxnet=("Convolution", "Convolution_v1"), gradient=gradient, absorb=absorb, flops=weight_flops, layout="spatial",
    flat=("weight", "bias"), precision="narrow", wide=("bias",),
)  # fmt: skip
