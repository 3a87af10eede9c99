"""take: slices of a tensor along an axis, in the order of an index.

Shapes:
    a (A..., K, B...), indices (S) -> output (A..., S, B...)

Source: MXNet's take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from mxtrain.base.device import Device
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Entry, Node, Op, Recipe, apply
from mxtrain.ops import _gather_cuda
from mxtrain.ops._call import array_code, reference
from mxtrain.ops._gather import add_rows, positions
from mxtrain.ops._infer import Inferred, Types, dtype_of, normal_axis


@declare
class Params:
    """Parameters of take."""

    axis: int = param(0, doc="the axis of a; negative: counted from the end")
    mode: Literal["clip", "wrap", "raise"] = param(
        "clip", doc="an index outside becomes the nearest, its remainder, or an error"
    )


@dataclass(frozen=True)
class Backward:
    """How indices were read, and the shape of a."""

    axis: int
    mode: str
    shape: Shape


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Forward; indices keep their own dtype."""
    a, index = ins[0].shape, ins[1].shape
    dtype = dtype_of(ins[0], outs[0])
    out = None
    if a is not None:
        axis = normal_axis(p.axis, len(a))
        out = None if index is None else (*a[:axis], *index, *a[axis + 1 :])
    return [PartialType(a, dtype), ins[1]], [PartialType(out, dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    axis = normal_axis(p.axis, ins[0].ndim)
    outs[0][...] = xp.take(ins[0], positions(xp, ins[1], ins[0].shape[axis], p.mode, node.where), axis=axis)


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shape is given."""
    return list(ins), [PartialType(b.shape, ins[0].dtype)]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Every slice of dy to where it was taken from."""
    b: Backward = node.params
    dy, indices = ins
    size = b.shape[b.axis]
    index = positions(xp, indices, size, b.mode, node.where).reshape(-1)
    others = (*b.shape[: b.axis], *b.shape[b.axis + 1 :])
    flat = dy.reshape(*b.shape[: b.axis], index.size, *b.shape[b.axis + 1 :])
    rows = xp.moveaxis(flat, b.axis, 0).reshape(index.size, -1)
    total = add_rows(xp, (size, rows.shape[1]), index, rows)
    outs[0][...] = xp.moveaxis(total.reshape(size, *others), 0, b.axis)


def gpu_backward(node: Node, device: Device) -> Recipe | None:
    """Sums in a fixed order, without atomics, along the first axis."""
    b: Backward = node.params
    return _gather_cuda.rows_gradient(node, device, b.mode) if b.axis == 0 else None


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards a; indices have none."""
    p, shape = node.params, node.inputs[0].type.shape
    if dy[0] is None:
        return [None, None]
    axis = normal_axis(p.axis, len(shape))
    name = f"{node.name}_backward"
    return [apply(BACKWARD, name, dy[0], node.inputs[1], axis=axis, mode=p.mode, shape=shape), None]


BACKWARD = Op(
    "take_backward", infer_backward, {"reference": reference(run_backward), "cuda": gpu_backward}, params=Backward,
    inputs=("dy", "indices"), precision="follow", wide=("indices",),
)  # fmt: skip
OP = Op(
    "take", infer, array_code(run), params=Params, inputs=("a", "indices"), mxnet=("take",),
    gradient=gradient, precision="follow", wide=("indices",),
)  # fmt: skip
