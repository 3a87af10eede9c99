"""instance_norm: normalise each channel of each sample over the spatial axes, then scale and shift.

Shapes:
    data (N, C, S...), gamma (C,), beta (C,) -> output, same as data; hidden: mean (N, C), var (N, C)

Source: Ulyanov, Vedaldi and Lempitsky, "Instance normalization", 2016; semantics and defaults of MXNet's InstanceNorm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, merge_shapes
from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, dtype_of, statistics_dtype
from mxtrain.ops._standardize import Standard, standardize, standardize_backward


@declare
class Params:
    """Parameters of instance_norm."""

    eps: float = param(1e-3, gt=0, doc="added to the variance")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Everything else from the data; the channels from gamma or beta."""
    shape, dtype = merge_shapes(ins[0].shape, outs[0].shape), dtype_of(ins[0], outs[0])
    channels = next((t.shape[0] for t in ins[1:] if t.shape is not None and len(t.shape) == 1), None)
    batch = None
    if shape is not None:
        if len(shape) < 3:
            raise ShapeError(f"input 'data' must have the axes (N, C, S...), got {PartialType(shape)}")
        channels = channels if shape[1] is None else shape[1]
        batch = shape[0]
        shape = (batch, channels, *shape[2:])
    wide = statistics_dtype(dtype)
    data, one, statistic = (
        PartialType(shape, dtype),
        PartialType((channels,), wide),
        PartialType((batch, channels), wide),
    )
    return [data, one, one], [data, statistic, statistic]


def spread(v: Any, rank: int) -> Any:
    """(C,) or (N, C), shaped to broadcast over the data."""
    return v.reshape(*((1,) * (2 - v.ndim)), *v.shape, *(1,) * (rank - 2))


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    x, gamma, beta = ins
    s = standardize(xp, x, tuple(range(2, x.ndim)), node.params.eps)
    outs[0][...] = s.value * spread(gamma, x.ndim) + spread(beta, x.ndim)
    outs[1][...], outs[2][...] = s.mean.reshape(outs[1].shape), s.var.reshape(outs[2].shape)


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward, from the forward's statistics."""
    dy, x, gamma, mean, var = (a.astype(xp.float64) for a in ins)
    mean, var = spread(mean, x.ndim), spread(var, x.ndim)
    inverse = 1 / xp.sqrt(var + node.params.eps)
    s = Standard((x - mean) * inverse, mean, var, inverse)
    axes = tuple(range(2, x.ndim))
    outs[0][...] = standardize_backward(dy * spread(gamma, x.ndim), s, axes)
    outs[1][...] = (dy * s.value).sum(axis=(0, *axes))
    outs[2][...] = dy.sum(axis=(0, *axes))


def infer_backward(p: Params, ins: Types, outs: Types) -> Inferred:
    """Gradients are as what they belong to."""
    return list(ins), [ins[1], ins[2], ins[2]]


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards data, gamma and beta."""
    if dys[0] is None:
        return [None] * 3
    ins = (dys[0], *node.inputs[:2], node[1], node[2])
    back = apply_node(BACKWARD, f"{node.name}_backward", ins, node.params)
    return [back[0], back[1], back[2]]


BACKWARD = Op(
    "instance_norm_backward", infer_backward, array_code(run_backward), params=Params,
    inputs=("dy", "data", "gamma", "mean", "var"), outputs=("ddata", "dgamma", "dbeta"), layout="spatial",
)  # fmt: skip
OP = Op(
    "instance_norm", infer, array_code(run), params=Params, inputs=("data", "gamma", "beta"),
    outputs=("output", "mean", "var"), mxnet=("InstanceNorm",), gradient=gradient, layout="spatial",
)  # fmt: skip
