"""What topk, sort and argsort share: elements of an axis by size.

Of equal elements the first comes first, in both directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, normal_axis

IndexType = Literal["float16", "float32", "float64", "int32", "int64", "uint8"]


@dataclass(frozen=True)
class Backward:
    """The axis (None: all elements in order), the number of elements that were taken, and the shape of the data."""

    axis: int | None
    shape: Shape


def rows(x: Any, axis: int | None) -> Any:
    """The array with the axis last; as one row where there is none."""
    if axis is None:
        return x.reshape(1, -1)
    order = [a for a in range(x.ndim) if a != axis % x.ndim]
    return x.transpose(*order, axis % x.ndim)


def back(x: Any, axis: int | None, shape: Shape) -> Any:
    """The inverse of `rows`, to an array of this shape."""
    if axis is None:
        return x.reshape(shape)
    at = axis % len(shape)
    order = [*range(at), len(shape) - 1, *range(at, len(shape) - 1)]
    return x.transpose(*order)


def order(xp: Any, x: Any, ascending: bool) -> Any:
    """Places of the elements of the last axis, by size."""
    if ascending:
        return xp.argsort(x, axis=-1, kind="stable")
    # Backwards over the reversed elements, so that the first of equal ones stays first.
    return x.shape[-1] - 1 - xp.argsort(x[..., ::-1], axis=-1, kind="stable")[..., ::-1]


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shape is known."""
    return list(ins), [PartialType(b.shape, ins[0].dtype)]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Every dy to where its element came from."""
    b: Backward = node.params
    dy, places = (rows(x, b.axis) for x in ins)
    dx = xp.zeros(rows(outs[0], b.axis).shape, outs[0].dtype)
    flat, width = dx.reshape(-1, dx.shape[-1]), dy.shape[-1]
    lines = xp.arange(flat.shape[0])[:, None]
    flat[lines, places.reshape(-1, width).astype(xp.int64)] = dy.reshape(-1, width)
    outs[0][...] = back(dx, b.axis, outs[0].shape)


TAKEN = Op(
    "order_backward", infer_backward, {"reference": reference(run_backward)}, params=Backward, inputs=("dy", "places")
)


def to_places(node: Node, dy: Entry, places: Entry) -> Entry:
    """Zeros, and every dy where its element came from."""
    shape = node.inputs[0].type.shape
    axis = None if node.params.axis is None else normal_axis(node.params.axis, len(shape))
    return apply(TAKEN, f"{node.name}_backward", dy, places, axis=axis, shape=shape)
