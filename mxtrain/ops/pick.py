"""pick: one element of each row, by an index per row.

Shapes:
    data (A..., K, B...), index (A..., B...) or (A..., 1, B...) -> output (A..., B...); keepdims: (A..., 1, B...)

Source: MXNet's pick (choose_element_0index).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialShape, PartialType, Shape, merge_shapes
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._call import array_code
from mxtrain.ops._gather import positions
from mxtrain.ops._infer import Inferred, Types, dtype_of, normal_axis


@declare
class Params:
    """Parameters of pick."""

    axis: int = param(-1, doc="the axis along which one element is picked; negative: counted from the end")
    keepdims: bool = param(False, doc="leave the axis as 1")
    mode: Literal["clip", "wrap"] = param("clip", doc="an index outside becomes the nearest, or its remainder")


@dataclass(frozen=True)
class Backward:
    """How the index was read, and the shape of the data."""

    axis: int
    mode: str
    shape: Shape


def index_shape(index: PartialType, small: PartialShape, axis: int) -> PartialShape:
    """The shape of the index: without the axis, or with 1 in its place.

    Raises:
        ShapeError: if it is neither.
    """
    without = (*small[:axis], *small[axis + 1 :]) or (1,)
    if index.shape is None:
        return without
    want = small if len(index.shape) == len(small) else without
    try:
        return merge_shapes(want, index.shape) or ()
    except ShapeError:
        raise ShapeError(
            f"input 'index' must be {PartialType(without)} or {PartialType(small)}, one per element that is picked, "
            f"got {index}"
        ) from None


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Output and index from the data; the index keeps its own dtype."""
    data, dtype = ins[0].shape, dtype_of(ins[0], outs[0])
    if data is None:
        return [PartialType(None, dtype), ins[1]], [PartialType(None, dtype)]
    axis = normal_axis(p.axis, len(data))
    small = (*data[:axis], 1, *data[axis + 1 :])
    index = index_shape(ins[1], small, axis)
    whole = index if len(index) == len(small) else (*index[:axis], 1, *index[axis:])
    data = tuple(d if a == axis or d is not None else w for a, (d, w) in enumerate(zip(data, whole, strict=True)))
    small = (*data[:axis], 1, *data[axis + 1 :])
    out = small if p.keepdims else (*small[:axis], *small[axis + 1 :]) or (1,)
    return [PartialType(data, dtype), PartialType(index, ins[1].dtype)], [PartialType(out, dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    data = ins[0]
    axis = normal_axis(p.axis, data.ndim)
    small = (*data.shape[:axis], 1, *data.shape[axis + 1 :])
    index = positions(xp, ins[1], data.shape[axis], p.mode).reshape(small)
    outs[0][...] = xp.take_along_axis(data, index, axis).reshape(outs[0].shape)


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shape is given."""
    return list(ins), [PartialType(b.shape, ins[0].dtype)]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """dy where the element was picked, else 0."""
    b: Backward = node.params
    dy, index = ins
    rank, size = len(b.shape), b.shape[b.axis]
    small = (*b.shape[: b.axis], 1, *b.shape[b.axis + 1 :])
    places = xp.arange(size).reshape((1,) * b.axis + (size,) + (1,) * (rank - b.axis - 1))
    picked = positions(xp, index, size, b.mode).reshape(small) == places
    outs[0][...] = xp.where(picked, dy.reshape(small), dy.dtype.type(0))


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards the data; the index has none."""
    p, shape = node.params, node.inputs[0].type.shape
    if dy[0] is None:
        return [None, None]
    axis = normal_axis(p.axis, len(shape))
    name = f"{node.name}_backward"
    return [apply(BACKWARD, name, dy[0], node.inputs[1], axis=axis, mode=p.mode, shape=shape), None]


BACKWARD = Op(
    "pick_backward", infer_backward, array_code(run_backward), params=Backward,
    inputs=("dy", "index"), precision="follow", wide=("index",),
)  # fmt: skip
OP = Op(
    "pick", infer, array_code(run), params=Params, inputs=("data", "index"),
    mxnet=("pick", "choose_element_0index"), gradient=gradient, precision="follow", wide=("index",),
)  # fmt: skip
