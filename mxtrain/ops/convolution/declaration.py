"""What convolution declares: parameters, geometry and inference, forward and backward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import Spatial, SpatialPad, declare, param
from mxtrain.base.types import PartialType
from mxtrain.ops._infer import Inferred, Types, dtype_of, need_rank, statistics_dtype
from mxtrain.ops._spatial import output_size, per_axis


@declare
class Params:
    """Parameters of convolution."""

    num_filter: int = param(ge=1, doc="number of output channels")
    kernel: Spatial = param(doc="window; a number stands for a pair", min_length=1)
    stride: Spatial = param((), doc="step of the window; empty: 1")
    dilate: Spatial = param((), doc="distance of the window's elements; empty: 1")
    pad: SpatialPad = param((), doc="zeros on both sides; empty: 0")
    num_group: int = param(1, ge=1, doc="groups of channels that do not see each other")
    no_bias: bool = param(False, doc="leave out the bias")


@declare
class Fused(Params):
    """A convolution that has absorbed what comes after it. Made by the compiler."""

    act: str | None = param(None, doc="the activation")
    add: bool = param(False, doc="an addend before the activation")


@dataclass(frozen=True)
class BackwardData:
    """What the gradient towards the data needs besides arrays.

    Args:
        add: it is added to a third input, another gradient of the same data. Made by the compiler.
    """

    forward: Params
    shape: tuple[int, ...]
    add: bool = False

    @property
    def input_names(self) -> tuple[str, ...]:
        """Two or three."""
        return ("dy", "weight", "addend") if self.add else ("dy", "weight")


@dataclass(frozen=True)
class BackwardWeights:
    """What the gradient towards weight and bias needs besides arrays."""

    forward: Params


class Geometry(NamedTuple):
    """One value per spatial axis of each."""

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilate: tuple[int, ...]
    pad: tuple[int, ...]


def geometry(p: Params) -> Geometry:
    """The parameters with MXNet's empty defaults filled in."""
    rank = len(p.kernel)
    return Geometry(
        tuple(p.kernel),
        per_axis(p.stride, rank, 1, "stride"),
        per_axis(p.dilate, rank, 1, "dilate"),
        per_axis(p.pad, rank, 0, "pad"),
    )


def input_names(p: Params) -> tuple[str, ...]:
    """No bias, no input."""
    names = ("data", "weight") if p.no_bias else ("data", "weight", "bias")
    return (*names, "addend") if getattr(p, "add", False) else names


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Weight and bias from the data; channels of the data from the weight."""
    g = geometry(p)
    rank = len(g.kernel)
    shape = need_rank(ins[0], (rank + 2,), "data", f"(N, C{', S' * rank})")
    if p.num_filter % p.num_group:
        raise ShapeError(f"num_filter {p.num_filter} must be a multiple of num_group {p.num_group}")
    dtype = dtype_of(ins[0], outs[0])
    channels = shape[1] if shape else None
    weight = ins[1].shape
    if channels is None and weight is not None and len(weight) == rank + 2 and weight[1] is not None:
        channels = weight[1] * p.num_group
    if channels is not None and channels % p.num_group:
        raise ShapeError(f"{channels} channels of 'data' must be a multiple of num_group {p.num_group}")
    per_group = None if channels is None else channels // p.num_group
    batch = shape[0] if shape else (outs[0].shape or (None,))[0]
    sizes = shape[2:] if shape else (None,) * rank
    out = tuple(
        None if s is None else output_size(s, *q)
        for s, *q in zip(sizes, g.kernel, g.stride, g.pad, g.dilate, strict=True)
    )
    weights = statistics_dtype(dtype) if ins[1].dtype is None else ins[1].dtype
    want = [PartialType((batch, channels, *sizes), dtype), PartialType((p.num_filter, per_group, *g.kernel), weights)]
    if not p.no_bias:
        want.append(PartialType((p.num_filter,), statistics_dtype(dtype)))
    result = PartialType((batch, p.num_filter, *out), dtype)
    return [*want, result] if getattr(p, "add", False) else want, [result]


def infer_backward_data(b: BackwardData, ins: Types, outs: Types) -> Inferred:
    """The shape is known."""
    return list(ins), [PartialType(b.shape, dtype_of(ins[0]))]


def infer_backward_weights(b: BackwardWeights, ins: Types, outs: Types) -> Inferred:
    """Gradients of weights are at least float32."""
    p, shape = b.forward, ins[0].shape
    dtype = statistics_dtype(dtype_of(ins[0]))
    channels = None if shape is None or shape[1] is None else shape[1] // p.num_group
    result = [PartialType((p.num_filter, channels, *p.kernel), dtype)]
    return list(ins), result if p.no_bias else [*result, PartialType((p.num_filter,), dtype)]
