"""Reductions over axes: what sum, mean, prod, max and min share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.backends import onednn
from mxtrain.base.device import Device
from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialShape, PartialType, Shape
from mxtrain.graph import Entry, Kernel, Node, Op, Recipe, apply
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, dtype_of, normal_axis

Gradient = Callable[[Node, Entry], Entry]
"""(node, dy) -> the gradient towards the data."""


@declare
class Params:
    """Parameters of a reduction."""

    axis: int | tuple[int, ...] | None = param(None, doc="axes to reduce; None or empty: all")
    keepdims: bool = param(False, doc="leave the reduced axes as 1")
    exclude: bool = param(False, doc="reduce all axes but these")


def reduced(p: Params, rank: int) -> tuple[int, ...]:
    """The axes that are reduced, from first to last.

    Raises:
        ShapeError: if one is not there, or named twice.
    """
    if p.axis is None or p.axis == ():
        return tuple(range(rank))
    axes = {normal_axis(a, rank) for a in ((p.axis,) if isinstance(p.axis, int) else p.axis)}
    if not isinstance(p.axis, int) and len(axes) < len(p.axis):
        raise ShapeError(f"axis {p.axis} names an axis twice")
    return tuple(a for a in range(rank) if (a in axes) != p.exclude)


def kept(shape: PartialShape, axes: Sequence[int]) -> PartialShape:
    """`shape` with ones in place of the reduced axes."""
    return tuple(1 if a in axes else d for a, d in enumerate(shape))


def result_shape(shape: PartialShape, axes: Sequence[int], keepdims: bool) -> PartialShape:
    """The output's shape. As in MXNet, a tensor has at least one axis."""
    return kept(shape, axes) if keepdims else tuple(d for a, d in enumerate(shape) if a not in axes) or (1,)


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Forward; backward the axes that stay."""
    dtype = dtype_of(ins[0], outs[0])
    data, out = ins[0].shape, outs[0].shape
    if data is None and out is not None and p.keepdims:
        data = (None,) * len(out)
    if data is None:
        return [PartialType(None, dtype)], [PartialType(out, dtype)]
    axes = reduced(p, len(data))
    stay = [a for a in range(len(data)) if a not in axes]
    if out is not None and stay and len(out) == (len(data) if p.keepdims else len(stay)):
        found = dict(zip(stay, (out[a] for a in stay) if p.keepdims else out, strict=True))
        data = tuple(found.get(a) if d is None else d for a, d in enumerate(data))
    return [PartialType(data, dtype)], [PartialType(result_shape(data, axes, p.keepdims), dtype)]


@dataclass(frozen=True)
class Spread:
    """The reduced axes, the shape of the data, and whether each element gets its share or all."""

    axes: tuple[int, ...]
    shape: Shape
    share: bool = False


def infer_spread(p: Spread, ins: Types, outs: Types) -> Inferred:
    """The shape is given."""
    return list(ins), [PartialType(p.shape, ins[0].dtype)]


def run_spread(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """The same to all elements that were reduced together."""
    p: Spread = node.params
    dy = ins[0].reshape(kept(p.shape, p.axes))
    outs[0][...] = dy / math.prod(p.shape[a] for a in p.axes) if p.share else dy


def run_chosen(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """dy to every element that equals the result."""
    p: Spread = node.params
    dy, data, out = ins
    small = kept(p.shape, p.axes)
    outs[0][...] = xp.where(data == out.reshape(small), dy.reshape(small), data.dtype.type(0))


SPREAD = Op(
    "spread", infer_spread, array_code(run_spread), params=Spread, inputs=("dy",), layout="follow",
    precision="follow",
)  # fmt: skip
CHOSEN = Op(
    "chosen", infer_spread, array_code(run_chosen), params=Spread, inputs=("dy", "data", "output"),
    layout="follow", precision="follow",
)  # fmt: skip


def place_of(node: Node, share: bool = False) -> Spread:
    """What a gradient of the reduction `node` must know."""
    shape = node.inputs[0].type.shape
    return Spread(reduced(node.params, len(shape)), shape, share)


def to_all(node: Node, dy: Entry) -> Entry:
    """Gradient of a sum."""
    p = place_of(node)
    return apply(SPREAD, f"{node.name}_backward", dy, axes=p.axes, shape=p.shape)


def to_shares(node: Node, dy: Entry) -> Entry:
    """Gradient of a mean."""
    p = place_of(node)
    return apply(SPREAD, f"{node.name}_backward", dy, axes=p.axes, shape=p.shape, share=True)


def to_equals(node: Node, dy: Entry) -> Entry:
    """Gradient of an extremum: each of several equal elements gets all of it, as in MXNet."""
    p = place_of(node)
    return apply(CHOSEN, f"{node.name}_backward", dy, node.inputs[0], node[0], axes=p.axes, shape=p.shape)


def reduction(
    name: str, gradient: Gradient, algorithm: onednn.Algorithm | None = None, empty: bool = True, **traits: Any
) -> Op:
    """A reduction by the array module's function called `name`.

    Args:
        gradient: towards the data.
        algorithm: oneDNN's name of it.
        empty: no elements at all can be reduced.
    """

    def infer_checked(p: Params, ins: Types, outs: Types) -> Inferred:
        want = infer(p, ins, outs)
        shape = want[0][0].shape
        if not empty and shape is not None and 0 in shape:
            raise ShapeError(f"no elements have no {name}; got 'data' {want[0][0]}")
        return want

    def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
        axes = reduced(node.params, ins[0].ndim)
        outs[0][...] = getattr(xp, name)(ins[0], axis=axes, keepdims=True).reshape(outs[0].shape)

    def fast(node: Node, device: Device) -> Recipe | None:
        source, target = node.inputs[0].type, node.types[0]
        if not onednn.available() or not onednn.supports(source, target):
            return None
        small = tuple(d or 0 for d in kept(source.shape, reduced(node.params, len(source.shape))))
        pd = onednn.describe("reduction", algorithm, onednn.desc(source), onednn.desc(target, small), 0.0, 0.0)
        if pd is None:
            return None
        return onednn.recipe(pd, node, {onednn.Arg.SRC: 0}, {onednn.Arg.DST: (0, small)})

    def to_data(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
        return [dy[0] and gradient(node, dy[0])]

    kernels: dict[str, Kernel] = array_code(run)
    if algorithm is not None:
        kernels["onednn"] = fast
    return Op(name, infer_checked, kernels, params=Params, gradient=to_data, layout="follow", **traits)


SUMMED = reduction("sum", to_all, onednn.Algorithm.REDUCTION_SUM)
"""Sums that gradients make."""


def summed(name: str, data: Entry, axes: Sequence[int]) -> Entry:
    """The sum over some axes, which stay as 1."""
    return apply(SUMMED, name, data, axis=tuple(axes), keepdims=True)
