"""layer_norm: normalise along one axis, then scale and shift.

Shapes:
    data (..., K, ...), gamma (K,), beta (K,) -> output, same as data; hidden: mean, var, the data's axes without K's

Source: Ba, Kiros and Hinton, "Layer normalization", 2016; semantics and defaults of MXNet's LayerNorm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from mxtrain.backends import cuda, onednn
from mxtrain.base.device import Device
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, TensorType, merge_shapes
from mxtrain.graph import Entry, Node, Op, Recipe, apply_node
from mxtrain.ops import _layer_norm_cuda
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, dtype_of, normal_axis, statistics_dtype
from mxtrain.ops._standardize import standardize, standardize_backward

A = onednn.Arg
FLAGS = onednn.Flag.SCALE | onednn.Flag.SHIFT


@declare
class Params:
    """Parameters of layer_norm."""

    axis: int = param(-1, doc="the axis that is normalised")
    eps: float = param(1e-5, gt=0, doc="added to the variance")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Everything else from the data; the axis from gamma or beta."""
    shape, dtype = merge_shapes(ins[0].shape, outs[0].shape), dtype_of(ins[0], outs[0])
    width = next((t.shape[0] for t in ins[1:] if t.shape is not None and len(t.shape) == 1), None)
    rest = None
    if shape is not None:
        axis = normal_axis(p.axis, len(shape))
        width = width if shape[axis] is None else shape[axis]
        rest = (*shape[:axis], *shape[axis + 1 :])
        shape = (*shape[:axis], width, *shape[axis + 1 :])
    wide = statistics_dtype(dtype)
    data, one, statistic = PartialType(shape, dtype), PartialType((width,), wide), PartialType(rest, wide)
    return [data, one, one], [data, statistic, statistic]


def row(v: Any, axis: int, rank: int) -> Any:
    """A vector, shaped to lie along the axis."""
    return v.reshape([-1 if i == axis else 1 for i in range(rank)])


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    x, gamma, beta = ins
    axis = normal_axis(p.axis, x.ndim)
    s = standardize(xp, x, (axis,), p.eps)
    outs[0][...] = s.value * row(gamma, axis, x.ndim) + row(beta, axis, x.ndim)
    outs[1][...], outs[2][...] = s.mean.squeeze(axis), s.var.squeeze(axis)


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward; it computes the statistics again."""
    p: Params = node.params
    dy, x, gamma = (a.astype(xp.float64) for a in ins[:3])
    axis = normal_axis(p.axis, x.ndim)
    s = standardize(xp, x, (axis,), p.eps)
    others = tuple(i for i in range(x.ndim) if i != axis)
    outs[0][...] = standardize_backward(dy * row(gamma, axis, x.ndim), s, (axis,))
    outs[1][...] = (dy * s.value).sum(axis=others)
    outs[2][...] = dy.sum(axis=others)


def infer_backward(p: Params, ins: Types, outs: Types) -> Inferred:
    """Gradients are as what they belong to."""
    return list(ins), [ins[1], ins[2], ins[2]]


class Rows(NamedTuple):
    """A tensor as rows, each of which is normalised, with their statistics, and the library's plan for the forward."""

    data: onednn.MemoryDesc
    statistic: onednn.MemoryDesc
    forward: onednn.PrimitiveDesc


def rows(p: Params, t: TensorType) -> Rows | None:
    """How the library sees the tensor: the axis must be the one along which neighbours lie."""
    if not onednn.available() or not onednn.supports(t) or len(t.shape) < 2 or not t.size:
        return None
    axis = normal_axis(p.axis, len(t.shape))
    if t.layout.name not in ("plain", "channels_last") or axis != (len(t.shape) - 1 if t.layout.name == "plain" else 1):
        return None
    width = t.shape[axis]
    count = t.size // width
    md, statistic = onednn.strided((count, width), t.dtype, (width, 1)), onednn.desc(TensorType((count,)))
    pd = onednn.describe(
        "layer_normalization_forward", onednn.Prop.TRAINING, md, md, statistic, float(p.eps), int(FLAGS)
    )
    return None if pd is None else Rows(md, statistic, pd)


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN's layer normalization."""
    r = rows(node.params, node.types[0])
    if r is None or node.inputs[0].type != node.types[0]:
        return None
    ins: dict[int, Any] = {A.SRC: (0, r.data), A.SCALE: 1, A.SHIFT: 2}
    outs = {A.DST: (0, r.data), A.MEAN: (1, r.statistic), A.VARIANCE: (2, r.statistic)}
    return onednn.recipe(r.forward, node, ins, outs, inplace=((0, 0),))


def fast_backward(node: Node, device: Device) -> Recipe | None:
    """oneDNN's backward."""
    p: Params = node.params
    t = node.inputs[1].type
    r = rows(p, t)
    if r is None or node.inputs[0].type != t or node.types[0] != t:
        return None
    eps, flags = float(p.eps), int(FLAGS)
    pd = onednn.describe(
        "layer_normalization_backward", onednn.Prop.BACKWARD, *(r.data,) * 3, r.statistic, eps, flags, r.forward
    )
    if pd is None:
        return None
    # The library demands a shift, on which no gradient depends; it gets gamma, which is of its shape.
    ins: dict[int, Any] = {
        A.DIFF_DST: (0, r.data),
        A.SRC: (1, r.data),
        A.SCALE: 2,
        A.SHIFT: 2,
        A.MEAN: (3, r.statistic),
    }
    ins[A.VARIANCE] = (4, r.statistic)
    return onednn.recipe(pd, node, ins, {A.DIFF_SRC: (0, r.data), A.DIFF_SCALE: 1, A.DIFF_SHIFT: 2}, inplace=((0, 0),))


def gpu(node: Node, device: Device) -> Recipe | None:
    """A kernel over rows, or the reference compiled."""
    p: Params = node.params
    axis = normal_axis(p.axis, len(node.types[0].shape))
    return _layer_norm_cuda.forward(node, device, axis, p.eps) or cuda.array_kernel(run)(node, device)


def gpu_backward(node: Node, device: Device) -> Recipe | None:
    """Kernels over rows, or the reference compiled."""
    p: Params = node.params
    axis = normal_axis(p.axis, len(node.types[0].shape))
    return _layer_norm_cuda.backward(node, device, axis, p.eps) or cuda.array_kernel(run_backward)(node, device)


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards data, gamma and beta."""
    if dys[0] is None:
        return [None] * 3
    ins = (dys[0], *node.inputs[:2], node[1], node[2])
    back = apply_node(BACKWARD, f"{node.name}_backward", ins, node.params)
    return [back[0], back[1], back[2]]


STATISTICS = ("gamma", "beta", "mean", "var", "dgamma", "dbeta")
BACKWARD = Op(
    "layer_norm_backward", infer_backward, {**array_code(run_backward), "onednn": fast_backward, "cuda": gpu_backward},
    params=Params, inputs=("dy", "data", "gamma", "mean", "var"), outputs=("ddata", "dgamma", "dbeta"),
    layout="follow", flat=STATISTICS, precision="narrow", wide=STATISTICS,
)  # fmt: skip
OP = Op(
    "layer_norm", infer, {**array_code(run), "onednn": fast, "cuda": gpu}, params=Params,
    inputs=("data", "gamma", "beta"), outputs=("output", "mean", "var"), mxnet=("LayerNorm",), gradient=gradient,
    layout="follow", flat=STATISTICS, precision="narrow", wide=STATISTICS,
)  # fmt: skip
