"""group_norm: normalise groups of channels of each sample, then scale and shift.

Shapes:
    data (N, C, S...), gamma (G,), beta (G,), G = num_groups -> output, same as data; hidden: mean (N, G), var (N, G)

Scale and shift are one per group, as in MXNet 1.9.1, not one per channel as elsewhere.

Source: Wu and He, "Group normalization", 2018; semantics and defaults of MXNet's GroupNorm.
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
    """Parameters of group_norm."""

    num_groups: int = param(1, ge=1, doc="number of groups, a divisor of that of channels")
    eps: float = param(1e-5, gt=0, doc="added to the variance")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Same type; scale, shift and statistics have one value per group."""
    shape, dtype = merge_shapes(ins[0].shape, outs[0].shape), dtype_of(ins[0], outs[0])
    if shape is not None:
        if len(shape) < 3:
            raise ShapeError(f"input 'data' must have the axes (N, C, S...), got {PartialType(shape)}")
        if shape[1] is not None and shape[1] % p.num_groups:
            raise ShapeError(f"{shape[1]} channels of 'data' must be a multiple of num_groups {p.num_groups}")
    wide = statistics_dtype(dtype)
    one, batch = PartialType((p.num_groups,), wide), shape[0] if shape else None
    statistic = PartialType((batch, p.num_groups), wide)
    return [PartialType(shape, dtype), one, one], [PartialType(shape, dtype), statistic, statistic]


def grouped(x: Any, groups: int) -> Any:
    """(N, C, S...) as (N, G, elements of a group)."""
    return x.reshape(x.shape[0], groups, -1)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    x, gamma, beta = ins
    s = standardize(xp, grouped(x, node.params.num_groups), (2,), node.params.eps)
    outs[0][...] = (s.value * gamma[:, None] + beta[:, None]).reshape(x.shape)
    outs[1][...], outs[2][...] = s.mean.reshape(outs[1].shape), s.var.reshape(outs[2].shape)


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference backward, from the forward's statistics."""
    groups, shape = node.params.num_groups, ins[0].shape
    dy, x = (grouped(a.astype(xp.float64), groups) for a in ins[:2])
    gamma, mean, var = (a.astype(xp.float64) for a in ins[2:])
    mean, var = mean[:, :, None], var[:, :, None]
    inverse = 1 / xp.sqrt(var + node.params.eps)
    s = Standard((x - mean) * inverse, mean, var, inverse)
    outs[0][...] = standardize_backward(dy * gamma[:, None], s, (2,)).reshape(shape)
    outs[1][...] = (dy * s.value).sum(axis=(0, 2))
    outs[2][...] = dy.sum(axis=(0, 2))


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
    "group_norm_backward", infer_backward, array_code(run_backward), params=Params,
    inputs=("dy", "data", "gamma", "mean", "var"), outputs=("ddata", "dgamma", "dbeta"),
)  # fmt: skip
OP = Op(
    "group_norm", infer, array_code(run), params=Params, inputs=("data", "gamma", "beta"),
    outputs=("output", "mean", "var"), mxnet=("GroupNorm",), gradient=gradient,
)  # fmt: skip
