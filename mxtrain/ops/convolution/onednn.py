"""oneDNN's kernels of convolution."""

from __future__ import annotations

from typing import Any, NamedTuple

from mxtrain.backends import onednn
from mxtrain.base.device import Device
from mxtrain.base.types import TensorType
from mxtrain.graph import Node, Recipe
from mxtrain.ops._activations import post_ops
from mxtrain.ops.convolution import winograd
from mxtrain.ops.convolution.declaration import Params, geometry

A = onednn.Arg


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


def tiled(p: Params, data: TensorType, out: TensorType) -> winograd.Shape | None:
    """The convolution from `data` to `out` as winograd.py sees it; None if it is not for it."""
    g = geometry(p)
    if g.kernel != (3, 3) or g.stride != (1, 1) or g.dilate != (1, 1) or p.num_group != 1 or max(g.pad) > 2:
        return None
    if not onednn.available() or not data.dtype == out.dtype == "float32" or data.size == 0:
        return None
    (n, c, *size), (_, f, *result) = data.shape, out.shape
    s = winograd.Shape(n, (size[0], size[1]), (result[0], result[1]), (g.pad[0], g.pad[1]), c, f)
    return s if winograd.worth(s) else None


def fast_tiled(node: Node, s: winograd.Shape) -> Recipe | None:
    """By Winograd's algorithm."""
    p: Params = node.params
    bias, add = not p.no_bias, getattr(p, "add", False)
    plan = winograd.convolve(s, transposed=True, bias=bias, add=add, post=post_ops(getattr(p, "act", None)))
    arrays = {"data": ("in", 0), "filters": ("in", 1), "out": ("out", 0)}
    arrays |= ({"bias": ("in", 2)} if bias else {}) | ({"addend": ("in", len(node.inputs) - 1)} if add else {})
    return winograd.made(plan, arrays, winograd.buffers(s), {1: winograd.filters_layout(s, rotated=False)})


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN, with bias and activation in the same pass."""
    p: Params = node.params
    s = tiled(p, node.inputs[0].type, node.types[0])
    made = s and fast_tiled(node, s)
    if made:
        return made
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
    s = tiled(p, dx, dy)
    if s is not None:
        back = winograd.Shape(s.n, s.out, s.data, (2 - s.pad[0], 2 - s.pad[1]), s.filters, s.channels)
        plan = winograd.convolve(back, transposed=False, bias=False, add=False, post=())
        arrays = {"data": ("in", 0), "filters": ("in", 1), "out": ("out", 0)}
        takes = {1: winograd.filters_layout(s, rotated=True)}
        if made := winograd.made(plan, arrays, winograd.buffers(back), takes):
            return made
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
    s = tiled(p, x, dy)
    if s is not None:
        plan = winograd.weights_gradient(s, bias=not p.no_bias)
        arrays = {"data": ("in", 0), "dy": ("in", 1), "dweight": ("out", 0)}
        arrays |= {} if p.no_bias else {"dbias": ("out", 1)}
        if made := winograd.made(plan, arrays, winograd.buffers(s, filters=True)):
            return made
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
