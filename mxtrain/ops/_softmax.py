"""Softmax and its logarithm over any axes: kernels and gradient, for every operator that is one.

With scale s and sums over the axes: y = exp(s x) / sum exp(s x), dx = s y (dy - sum dy y);
z = log y, dx = s (dy - exp(z) sum dy).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mxtrain.backends import onednn
from mxtrain.base.device import Device
from mxtrain.base.types import PartialType, Shape, TensorType, merge_shapes
from mxtrain.graph import Entry, Kernel, Node, Op, Recipe, apply
from mxtrain.ops import _softmax_cuda
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, dtype_of, normal_axis, same_type

A = onednn.Arg


@dataclass(frozen=True)
class Softmax:
    """What is computed.

    Args:
        axes: the axes that sum to one, counted from the front.
        scale: factor of the input.
        log: the logarithm is wanted.
    """

    axes: tuple[int, ...]
    scale: float = 1.0
    log: bool = False


def forward(s: Softmax, xp: Any, x: Any, out: Any) -> None:
    """out = softmax(x) or its logarithm; `out` may be `x`."""
    xp.multiply(x, s.scale, out=out)
    xp.subtract(out, out.max(axis=s.axes, keepdims=True), out=out)
    if s.log:
        xp.subtract(out, xp.log(xp.exp(out).sum(axis=s.axes, keepdims=True)), out=out)
    else:
        xp.exp(out, out=out)
        xp.divide(out, out.sum(axis=s.axes, keepdims=True), out=out)


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward, from the output."""
    s: Softmax = node.params
    dy, y = ins
    if s.log:
        dx = dy - xp.exp(y) * dy.sum(axis=s.axes, keepdims=True)
    else:
        dx = y * (dy - (dy * y).sum(axis=s.axes, keepdims=True))
    xp.multiply(dx, s.scale, out=outs[0])


class Plan(NamedTuple):
    """The library's plan, and the axes as which it sees the tensor (None: as they are)."""

    forward: onednn.PrimitiveDesc
    axes: Shape | None
    desc: onednn.MemoryDesc
    axis: int


def algorithm(s: Softmax) -> onednn.Algorithm:
    """oneDNN's name."""
    return onednn.Algorithm.LOG_SOFTMAX if s.log else onednn.Algorithm.SOFTMAX


def plan(s: Softmax, t: TensorType, prop: onednn.Prop) -> Plan | None:
    """oneDNN, which has one axis and no scale: trailing axes of a plain tensor are seen as one."""
    if s.scale != 1 or not onednn.available() or not onednn.supports(t) or t.layout.opaque:
        return None
    axes, axis = None, s.axes[0]
    if len(s.axes) > 1:
        if t.layout.name != "plain" or s.axes != tuple(range(axis, len(t.shape))):
            return None
        axes = (*t.shape[:axis], math.prod(t.shape[axis:]))
    md = onednn.desc(t, axes)
    pd = onednn.describe("softmax_forward", prop, algorithm(s), md, md, axis)
    return None if pd is None else Plan(pd, axes, md, axis)


def slot(index: int, axes: Shape | None) -> Any:
    """An argument, seen with these axes."""
    return index if axes is None else (index, axes)


def fast_forward(s: Softmax, node: Node) -> Recipe | None:
    """oneDNN's softmax."""
    t = node.types[0]
    p = plan(s, t, onednn.Prop.INFERENCE) if node.inputs[0].type == t else None
    if p is None:
        return None
    return onednn.recipe(p.forward, node, {A.SRC: slot(0, p.axes)}, {A.DST: slot(0, p.axes)}, inplace=((0, 0),))


def fast_backward(node: Node, device: Device) -> Recipe | None:
    """oneDNN's backward."""
    s: Softmax = node.params
    t = node.types[0]
    p = plan(s, t, onednn.Prop.TRAINING) if all(e.type == t for e in node.inputs) else None
    if p is None:
        return None
    pd = onednn.describe("softmax_backward", algorithm(s), p.desc, p.desc, p.desc, p.axis, p.forward)
    if pd is None:
        return None
    ins = {A.DIFF_DST: slot(0, p.axes), A.DST: slot(1, p.axes)}
    return onednn.recipe(pd, node, ins, {A.DIFF_SRC: slot(0, p.axes)}, inplace=((0, 0),))


COMPILED_BACKWARD = array_code(run_backward)


def gpu_backward(node: Node, device: Device) -> Recipe | None:
    """A kernel over rows, or the reference compiled."""
    s: Softmax = node.params
    made = _softmax_cuda.backward(node, device, s.axes, s.scale, s.log)
    return made or COMPILED_BACKWARD["cuda"](node, device)


BACKWARD = Op(
    "softmax_backward", same_type, {**COMPILED_BACKWARD, "onednn": fast_backward, "cuda": gpu_backward}, params=Softmax,
    inputs=("dy", "y"), layout="follow",
)  # fmt: skip


Meaning = Callable[[Any, int], Softmax]
"""(params, number of axes) -> what is computed."""


def kernels(meaning: Meaning) -> dict[str, Kernel]:
    """The kernels of an operator that is a softmax."""

    def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
        forward(meaning(node.params, ins[0].ndim), xp, ins[0], outs[0])

    def fast(node: Node, device: Device) -> Recipe | None:
        return fast_forward(meaning(node.params, len(node.types[0].shape)), node)

    compiled = array_code(run, ((0, 0),))

    def gpu(node: Node, device: Device) -> Recipe | None:
        s = meaning(node.params, len(node.types[0].shape))
        return _softmax_cuda.forward(node, device, s.axes, s.scale, s.log) or compiled["cuda"](node, device)

    return {**compiled, "onednn": fast, "cuda": gpu}


def gradient(meaning: Meaning) -> Callable[[Node, Sequence[Entry | None]], Sequence[Entry | None]]:
    """The gradient of an operator that is a softmax."""

    def rule(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
        if dys[0] is None:
            return [None]
        s = meaning(node.params, len(node.types[0].shape))
        return [apply(BACKWARD, f"{node.name}_backward", dys[0], node[0], axes=s.axes, scale=s.scale, log=s.log)]

    return rule


def along_axis(p: Any, rank: int) -> tuple[int, ...]:
    """The axis that `p` names, counted from the front."""
    return (normal_axis(p.axis, rank),)


def infer_axis(p: Any, ins: Types, outs: Types) -> Inferred:
    """Same type; the axis must be there.

    Raises:
        ShapeError: if it is not.
    """
    shape = merge_shapes(ins[0].shape, outs[0].shape)
    if shape is not None:
        normal_axis(p.axis, len(shape))
    one = PartialType(shape, dtype_of(ins[0], outs[0]))
    return [one], [one]
