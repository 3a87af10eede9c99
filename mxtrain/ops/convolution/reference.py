"""Array code of convolution: the oracle of its fast kernels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.graph import Node
from mxtrain.ops._activations import ALL
from mxtrain.ops._spatial import crop, padded, scatter, windows
from mxtrain.ops.convolution.declaration import Params, geometry


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
        ALL[act](xp, y, y)
    outs[0][...] = y


def run_backward_data(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference gradient towards the data."""
    p: Params = node.params.forward
    dy, weight = ins[:2]
    g, (o, k) = geometry(p), letters(len(p.kernel))
    dy = dy.reshape(dy.shape[0], p.num_group, -1, *dy.shape[2:])
    weight = weight.reshape(p.num_group, p.num_filter // p.num_group, *weight.shape[1:])
    cols = xp.einsum(f"ngf{o},gfc{k}->ngc{o}{k}", dy, weight, optimize=True)
    cols = cols.reshape(cols.shape[0], -1, *cols.shape[3:])
    shape = outs[0].shape
    big = (*shape[:2], *(s + 2 * b for s, b in zip(shape[2:], g.pad, strict=True)))
    dx = crop(scatter(cols, xp, big, g.stride, g.dilate), g.pad, shape)
    outs[0][...] = dx + ins[2] if node.params.add else dx


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
