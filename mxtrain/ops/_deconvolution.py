"""Transposed convolution: geometry, kernels and gradients, for deconvolution and for what is made of it.

Shapes:
    data (N, C, S...), weight (C, F/G, K...), bias (F,) -> output (N, F, O...)
    O = stride (S - 1) + dilate (K - 1) + 1 - 2 pad + adj
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from mxtrain.backends import cuda, onednn
from mxtrain.backends.onednn.transposed import transposed
from mxtrain.base.device import Device
from mxtrain.base.types import CHANNELS_LAST, NARROW, PartialType, TensorType
from mxtrain.graph import Entry, Node, Op, Recipe, apply_node
from mxtrain.ops import _cudnn
from mxtrain.ops._activations import ALL, post_ops
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, statistics_dtype
from mxtrain.ops._spatial import crop, padded, scatter, windows

A = onednn.Arg


class Geometry(NamedTuple):
    """All that a transposed convolution is; one value per spatial axis of each tuple."""

    num_filter: int
    num_group: int
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilate: tuple[int, ...]
    pad: tuple[int, ...]
    adj: tuple[int, ...]
    bias: bool
    act: str | None = None

    @property
    def after(self) -> tuple[int, ...]:
        """What is cut off at the end of each axis; negative: what is added."""
        return tuple(p - a for p, a in zip(self.pad, self.adj, strict=True))


@dataclass(frozen=True)
class Backward:
    """The geometry, and the shape of the forward's data."""

    geometry: Geometry
    shape: tuple[int, ...]


def output_sizes(g: Geometry, sizes: Sequence[int]) -> tuple[int, ...]:
    """Spatial axes of the output."""
    return tuple(
        s * (n - 1) + d * (k - 1) + 1 - 2 * p + a
        for n, k, s, d, p, a in zip(sizes, g.kernel, g.stride, g.dilate, g.pad, g.adj, strict=True)
    )


def letters(g: Geometry) -> tuple[str, str]:
    """Einstein letters of the data's spatial axes and of the window's."""
    rank = len(g.kernel)
    return "xyz"[:rank], "uvw"[:rank]


def grouped(a: Any, g: Geometry, axis: int) -> Any:
    """The array with the channels of `axis` as (G, channels/G)."""
    return a.reshape(*a.shape[:axis], g.num_group, a.shape[axis] // g.num_group, *a.shape[axis + 1 :])


def run_forward(g: Geometry, xp: Any, ins: Sequence[Any], out: Any) -> None:
    """Reference forward: every element of the data adds its window."""
    o, k = letters(g)
    cols = xp.einsum(f"ngc{o},gcf{k}->ngf{o}{k}", grouped(ins[0], g, 1), grouped(ins[1], g, 0), optimize=True)
    cols = cols.reshape(cols.shape[0], -1, *cols.shape[3:])
    big = (*out.shape[:2], *(s + 2 * p for s, p in zip(out.shape[2:], g.pad, strict=True)))
    y = crop(scatter(cols, xp, big, g.stride, g.dilate), g.pad, out.shape)
    if g.bias:
        y = y + ins[2].reshape(1, -1, *(1,) * len(g.kernel))
    if g.act:
        ALL[g.act](xp, y, y)
    out[...] = y


def columns(dy: Any, xp: Any, g: Geometry) -> Any:
    """The windows of dy by group: (N, G, F/G, S..., K...)."""
    return grouped(windows(padded(dy, xp, g.pad, g.after), xp, g.kernel, g.stride, g.dilate), g, 1)


def run_backward_data(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference gradient towards the data: a convolution of dy."""
    g: Geometry = node.params.geometry
    o, k = letters(g)
    dx = xp.einsum(f"ngf{o}{k},gcf{k}->ngc{o}", columns(ins[0], xp, g), grouped(ins[1], g, 0), optimize=True)
    outs[0][...] = dx.reshape(outs[0].shape)


def run_backward_weights(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference gradient towards weight and bias."""
    g: Geometry = node.params.geometry
    x, dy = ins
    o, k = letters(g)
    dw = xp.einsum(f"ngc{o},ngf{o}{k}->gcf{k}", grouped(x, g, 1), columns(dy, xp, g), optimize=True)
    outs[0][...] = dw.reshape(outs[0].shape)
    if g.bias:
        outs[1][...] = dy.sum(axis=(0, *range(2, dy.ndim)))


class Weight(NamedTuple):
    """A weight as the library sees it, (G, F/G, C/G, K...), as MXNet orders its axes, (G, C/G, F/G, K...), and how both
    go together."""

    theirs: tuple[int, ...]
    ours: tuple[int, ...]
    order: tuple[int, ...]


def weight_axes(g: Geometry, channels: int) -> Weight:
    """Axes of the weight; without groups the first is left out."""
    f, c, rank = g.num_filter // g.num_group, channels // g.num_group, len(g.kernel)
    if g.num_group == 1:
        return Weight((f, c, *g.kernel), (c, f, *g.kernel), (1, 0, *range(2, 2 + rank)))
    return Weight((g.num_group, f, c, *g.kernel), (g.num_group, c, f, *g.kernel), (0, 2, 1, *range(3, 3 + rank)))


def describe(g: Geometry, data: TensorType, out: TensorType, prop: onednn.Prop) -> onednn.PrimitiveDesc | None:
    """The library's plan for the forward, the hint of the backward too."""
    if not onednn.available() or not onednn.supports(data, out) or data.dtype != out.dtype:
        return None
    pd = onednn.describe(
        "deconvolution_forward", prop, onednn.Algorithm.DECONVOLUTION_DIRECT, onednn.desc(data),
        onednn.any_layout(weight_axes(g, data.shape[1]).theirs, data.dtype), bias_desc(g), onednn.desc(out),
        *windows_of(g), attr=onednn.attributes(*post_ops(g.act)),
    )  # fmt: skip
    return optimized(pd)


def bias_desc(g: Geometry) -> onednn.MemoryDesc | None:
    """The bias, which is always float32."""
    return onednn.desc(TensorType((g.num_filter,))) if g.bias else None


def windows_of(g: Geometry) -> tuple[tuple[int, ...], ...]:
    """Strides, dilates and paddings as the library counts them."""
    return g.stride, tuple(d - 1 for d in g.dilate), g.pad, g.after


def optimized(pd: onednn.PrimitiveDesc | None) -> onednn.PrimitiveDesc | None:
    """None also where the library would wrap its own unoptimised convolution."""
    return None if pd is None or "+ref" in pd.implementation else pd


def fast_forward(g: Geometry, node: Node) -> Recipe | None:
    """oneDNN, with bias and activation in the same pass."""
    data = node.inputs[0].type
    pd = describe(g, data, node.types[0], onednn.Prop.INFERENCE)
    if pd is None:
        return None
    w = weight_axes(g, data.shape[1])
    ins: dict[int, Any] = {A.SRC: 0, A.WEIGHTS: (1, w.theirs)}
    if g.bias:
        ins[A.BIAS] = 2
    made = onednn.recipe(pd, node, ins, {A.DST: 0})
    return replace(made, takes={**made.takes, 1: transposed(pd, A.WEIGHTS, w.order, w.ours)})


def fast_backward_data(node: Node, device: Device) -> Recipe | None:
    """oneDNN's backward data."""
    g: Geometry = node.params.geometry
    dy, dx = node.inputs[0].type, node.types[0]
    hint = describe(g, dx, dy, onednn.Prop.TRAINING)
    if hint is None:
        return None
    w = weight_axes(g, dx.shape[1])
    pd = optimized(onednn.describe(
        "deconvolution_backward_data", onednn.Algorithm.DECONVOLUTION_DIRECT, onednn.desc(dx),
        onednn.any_layout(w.theirs, dx.dtype), onednn.desc(dy), *windows_of(g), hint,
    ))  # fmt: skip
    if pd is None:
        return None
    made = onednn.recipe(pd, node, {A.DIFF_DST: 0, A.WEIGHTS: (1, w.theirs)}, {A.DIFF_SRC: 0})
    return replace(made, takes={**made.takes, 1: transposed(pd, A.WEIGHTS, w.order, w.ours)})


def fast_backward_weights(node: Node, device: Device) -> Recipe | None:
    """oneDNN's backward weights; gradients come as float32 from any precision."""
    g: Geometry = node.params.geometry
    x, dy = node.inputs[0].type, node.inputs[1].type
    hint = describe(g, x, dy, onednn.Prop.TRAINING)
    if hint is None or node.types[0].dtype != "float32":
        return None
    # Where the stride is larger than the image is wide, oneDNN 3.2 reads what it has not written into its scratchpad.
    if dy.dtype in NARROW and dy.shape[-1] < g.stride[-1]:
        return None
    w = weight_axes(g, x.shape[1])
    pd = optimized(onednn.describe(
        "deconvolution_backward_weights", onednn.Algorithm.DECONVOLUTION_DIRECT, onednn.desc(x),
        onednn.any_layout(w.theirs, "float32"), bias_desc(g), onednn.desc(dy), *windows_of(g), hint,
    ))  # fmt: skip
    if pd is None:
        return None
    outs: dict[int, Any] = {A.DIFF_WEIGHTS: (0, w.theirs)}
    if g.bias:
        outs[A.DIFF_BIAS] = 1
    made = onednn.recipe(pd, node, {A.SRC: 0, A.DIFF_DST: 1}, outs)
    return replace(made, gives={**made.gives, 0: transposed(pd, A.DIFF_WEIGHTS, w.order, w.ours)})


def problem(g: Geometry, data: TensorType, out: TensorType) -> cuda.Problem:
    """The convolution whose transpose this is, as cuDNN sees it: from the output to the data."""
    w = TensorType((data.shape[1], g.num_filter // g.num_group, *g.kernel), data.dtype, CHANNELS_LAST)
    return cuda.Problem(out, w, data, g.stride, g.dilate, g.pad, g.num_group)


def gpu_forward(g: Geometry, node: Node, device: Device) -> Recipe | None:
    """cuDNN's backward data, with bias and activation after it."""
    p = problem(g, node.inputs[0].type, node.types[0])
    return _cudnn.backward_data(device, p, 2 if g.bias else None, g.act)


def gpu_backward_data(node: Node, device: Device) -> Recipe | None:
    """cuDNN's forward."""
    return _cudnn.forward(device, problem(node.params.geometry, node.types[0], node.inputs[0].type), None, None, None)


def gpu_backward_weights(node: Node, device: Device) -> Recipe | None:
    """cuDNN's backward filter with data and gradient exchanged."""
    g: Geometry = node.params.geometry
    p = problem(g, node.inputs[0].type, node.inputs[1].type)
    return _cudnn.backward_filter(device, p, g.bias, swapped=True)


def infer_backward_data(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shape is known."""
    return list(ins), [PartialType(b.shape, dtype_of(ins[0]))]


def infer_backward_weights(b: Backward, ins: Types, outs: Types) -> Inferred:
    """Gradients of weights are at least float32."""
    g, dtype = b.geometry, statistics_dtype(dtype_of(ins[0]))
    result = [PartialType((b.shape[1], g.num_filter // g.num_group, *g.kernel), dtype)]
    return list(ins), [*result, PartialType((g.num_filter,), dtype)] if g.bias else result


def gradients(name: str, g: Geometry, data: Entry, weight: Entry, dy: Entry) -> list[Entry]:
    """Gradients towards data, weight and, if there is one, bias."""
    b = Backward(g._replace(act=None), data.type.shape)
    dx = apply_node(BACKWARD_DATA, f"{name}_backward_data", (dy, weight), b)
    dw = apply_node(BACKWARD_WEIGHTS, f"{name}_backward_weights", (data, dy), b)
    return [dx[0], *(dw[i] for i in range(dw.output_count))]


def forward_flops(node: Node) -> int:
    """Of a node with inputs (data, weight): two per weight that an input element meets."""
    weight = node.inputs[1].type
    return 2 * node.inputs[0].type.size * (weight.size // weight.shape[0])


def backward_data_flops(node: Node) -> int:
    """Of a node with inputs (dy, weight): as many as its forward."""
    weight = node.inputs[1].type
    return 2 * node.types[0].size * (weight.size // weight.shape[0])


def backward_weights_flops(node: Node) -> int:
    """Of a node with inputs (data, dy): as many as its forward."""
    weight = node.types[0]
    return 2 * node.inputs[0].type.size * (weight.size // weight.shape[0])


BACKWARD_DATA = Op(
    "deconvolution_backward_data", infer_backward_data,
    {"reference": reference(run_backward_data), "onednn": fast_backward_data,
     "cuda": gpu_backward_data}, flops=backward_data_flops,
    params=Backward, inputs=("dy", "weight"), layout="spatial", flat=("weight",), precision="narrow",
)  # fmt: skip
BACKWARD_WEIGHTS = Op(
    "deconvolution_backward_weights", infer_backward_weights,
    {"reference": reference(run_backward_weights), "onednn": fast_backward_weights,
     "cuda": gpu_backward_weights}, flops=backward_weights_flops,
    params=Backward, inputs=("data", "dy"), layout="spatial", precision="narrow",
    outputs=lambda b: ("dweight", "dbias") if b.geometry.bias else ("dweight",),
    flat=("dweight", "dbias"), wide=("dweight", "dbias"),
)  # fmt: skip
