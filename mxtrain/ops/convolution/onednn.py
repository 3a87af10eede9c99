"""oneDNN's kernels of convolution."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from mxtrain.backends import onednn
from mxtrain.base.device import Device
from mxtrain.base.types import TensorType
from mxtrain.graph import Node, Recipe, variable
from mxtrain.ops._activations import post_ops
from mxtrain.ops.convolution import tiled, widened
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


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN, with bias and activation in the same pass."""
    p: Params = node.params
    s = tiled.shape_of(p, node.inputs[0].type, node.types[0], device.threads)
    if s and (made := tiled.forward(node, s)):
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


def backward_data_desc(p: Params, dx: TensorType, dy: TensorType) -> onednn.PrimitiveDesc | None:
    """The library's plan for the gradient towards the data."""
    hint = forward_desc(p, dx, dy, onednn.Prop.TRAINING)
    if hint is None:
        return None
    d = descs(p, dx, dy, False)
    return onednn.describe(
        "convolution_backward_data", onednn.Algorithm.CONVOLUTION_DIRECT, onednn.desc(dx),
        onednn.any_layout(d.weight_axes, dx.dtype), onednn.desc(dy), *d.geometry, hint,
    )  # fmt: skip


def fast_backward_data(node: Node, device: Device) -> Recipe | None:
    """oneDNN's backward data."""
    if node.params.add:
        return None
    p: Params = node.params.forward
    dy, dx = node.inputs[0].type, node.types[0]
    s = tiled.shape_of(p, dx, dy, device.threads)
    if s and (made := tiled.backward_data(s)):
        return made
    d = descs(p, dx, dy, False)
    if onednn.available() and widened.takes(p, dx, dy) and dx.layout == dy.layout and not dx.layout.opaque:
        weight = onednn.desc(node.inputs[1].type, d.weight_axes)
        if made := widened.backward_data(partial(backward_data_desc, p), weight, dx, dy):
            return made
    pd = backward_data_desc(p, dx, dy)
    if pd is None:
        return None
    return onednn.recipe(pd, node, {A.DIFF_DST: 0, A.WEIGHTS: (1, d.weight_axes)}, {A.DIFF_SRC: 0})


def fast_backward_weights(node: Node, device: Device) -> Recipe | None:
    """oneDNN's backward weights; gradients come as float32 from any precision."""
    p: Params = node.params.forward
    x, dy = node.inputs[0].type, node.inputs[1].type
    s = tiled.shape_of(p, x, dy, device.threads, summed=True)
    if s and (made := tiled.backward_weights(s, bias=not p.no_bias)):
        return made
    if widened.misread(p, x):
        wide = [variable(e.node.name, e.type._replace(dtype="float32")) for e in node.inputs]
        made = _library_backward_weights(replace(node, inputs=tuple(wide)))
        return made and widened.widening(made, x, dy)
    return _library_backward_weights(node)


def _library_backward_weights(node: Node) -> Recipe | None:
    """The library's own kernel."""
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
