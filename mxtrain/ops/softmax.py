"""softmax: exp(x / t) / sum exp(x / t) along an axis.

Shapes:
    data (A..., K, B...)[, length (A..., B...)] -> output, same shape as data: with lengths, only so many of the first
    elements of the axis count, and the others become 0

Source: MXNet's softmax.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.device import Device
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Kernel, Node, Op, Recipe
from mxtrain.ops import _softmax
from mxtrain.ops._attention import absorb
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, normal_axis
from mxtrain.ops._softmax import Softmax, along_axis, infer_axis


@declare
class Params:
    """Parameters of softmax."""

    axis: int = param(-1, doc="the axis that sums to one")
    temperature: float | None = param(None, gt=0, doc="what the input is divided by; none: 1")
    use_length: bool = param(False, doc="`length` says how many elements of the axis count")


def meaning(p: Params, rank: int) -> Softmax:
    """One axis, scaled."""
    return Softmax(along_axis(p, rank), 1 / (p.temperature or 1.0))


def input_names(p: Params) -> tuple[str, ...]:
    """The data, and lengths if they are used."""
    return ("data", "length") if p.use_length else ("data",)


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """One type; lengths have all axes but the one, and their own dtype."""
    (one,), out = infer_axis(p, ins[:1], outs)
    if not p.use_length:
        return [one], out
    axis = None if one.shape is None else normal_axis(p.axis, len(one.shape))
    rest = None if one.shape is None or axis is None else (*one.shape[:axis], *one.shape[axis + 1 :])
    return [one, PartialType(rest, ins[1].dtype)], out


def run_lengths(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Softmax of as many elements as count; of none, zeros."""
    x, length = ins
    s = meaning(node.params, x.ndim)
    (axis,) = s.axes
    places = xp.arange(x.shape[axis]).reshape(-1, *(1,) * (x.ndim - axis - 1))
    counts = places < xp.expand_dims(length, axis)
    scaled = xp.where(counts, x * s.scale, x.dtype.type(-1e30))
    top = scaled.max(axis=axis, keepdims=True)
    part = xp.where(counts, xp.exp(scaled - top), x.dtype.type(0))
    total = part.sum(axis=axis, keepdims=True)
    outs[0][...] = part / xp.where(total == 0, x.dtype.type(1), total)


def choosing(plain: Kernel, lengths: Kernel) -> Kernel:
    """One kernel for each of both uses."""

    def kernel(node: Node, device: Device) -> Recipe | None:
        return (lengths if node.params.use_length else plain)(node, device)

    return kernel


def nothing(node: Node, device: Device) -> Recipe | None:
    """The library has no lengths."""
    return None


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Where the output is 0, so is the gradient: lengths need no care, and have none."""
    return [*GRADIENT(node, dys), *([None] if node.params.use_length else [])]


GRADIENT = _softmax.gradient(meaning)
KERNELS, LENGTHS = _softmax.kernels(meaning), {**array_code(run_lengths), "onednn": nothing}
OP = Op(
    "softmax", infer, {name: choosing(KERNELS[name], LENGTHS[name]) for name in KERNELS}, params=Params,
    inputs=input_names, mxnet=("softmax",), gradient=gradient, absorb=absorb, layout="follow", wide=("length",),
)  # fmt: skip
