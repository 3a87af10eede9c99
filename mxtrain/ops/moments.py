"""moments: mean and variance over axes.

Shapes:
    data (S) -> mean, var (S without the axes, or with ones in their place); (1,) if none is left

The variance is that of the elements, not an estimate: their number divides it.

Source: MXNet's moments.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops import _reduce
from mxtrain.ops._axes import Axes
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, common
from mxtrain.ops._reduce import kept


@declare
class Params:
    """Parameters of moments."""

    axes: Axes = param(doc="the axes; negative: from the end", min_length=1)
    keepdims: bool = param(False, doc="leave the axes as 1")


@dataclass(frozen=True)
class Backward:
    """The axes and the shape of the data, and which of mean and variance have a gradient."""

    axes: tuple[int, ...]
    shape: Shape
    given: tuple[bool, bool]


def reduction(p: Params) -> _reduce.Params:
    """Which axes are reduced."""
    return _reduce.Params(axis=tuple(p.axes), keepdims=p.keepdims, exclude=False)


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """As every reduction."""
    data, (one,) = _reduce.infer(reduction(p), ins, [common(outs)])
    return data, [one, one]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    x = ins[0]
    axes = _reduce.reduced(reduction(node.params), x.ndim)
    mean = x.mean(axis=axes, keepdims=True)
    outs[0][...] = mean.reshape(outs[0].shape)
    outs[1][...] = xp.square(x - mean).mean(axis=axes, keepdims=True).reshape(outs[1].shape)


def back_inputs(b: Backward) -> tuple[str, ...]:
    """The gradients that there are, the data, and the mean."""
    return (*(n for n, given in zip(("dmean", "dvar"), b.given, strict=True) if given), "data", "mean")


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shape is given."""
    return list(ins), [PartialType(b.shape, ins[0].dtype)]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """dx = (dmean + 2 dvar (data - mean)) / number of elements."""
    b: Backward = node.params
    *dys, data, mean = ins
    small = kept(b.shape, b.axes)
    share = 1 / math.prod(b.shape[a] for a in b.axes)
    dx = xp.zeros(b.shape, data.dtype)
    if b.given[1]:
        dx = dx + dys[-1].reshape(small) * (data - mean.reshape(small)) * (2 * share)
    if b.given[0]:
        dx = dx + dys[0].reshape(small) * share
    outs[0][...] = dx


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Of the mean and of the variance."""
    found = [d for d in dys if d is not None]
    if not found:
        return [None]
    x = node.inputs[0]
    axes = _reduce.reduced(reduction(node.params), len(x.type.shape))
    b = Backward(axes, x.type.shape, (dys[0] is not None, dys[1] is not None))
    return [apply_node(BACKWARD, f"{node.name}_backward", (*found, x, node[0]), b)[0]]


BACKWARD = Op("moments_backward", infer_backward, array_code(run_backward), params=Backward, inputs=back_inputs)
OP = Op(
    "moments", infer, array_code(run), params=Params, outputs=("mean", "var"), visible=2, mxnet=("moments",),
    gradient=gradient,
)  # fmt: skip
