"""gather_nd: elements, or slices, of a tensor at given places.

Shapes:
    data (X0, ..., XM, B...), indices (M + 1, A...) -> output (A..., B...): column by column, where along each X
    negative indices count from the end

Source: MXNet's gather_nd.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._call import reference
from mxtrain.ops._gather import add_rows
from mxtrain.ops._infer import Inferred, Types, dtype_of
from mxtrain.ops._places import places


@dataclass(frozen=True)
class Backward:
    """The shape of the data."""

    shape: Shape


def infer(params: Any, ins: Types, outs: Types) -> Inferred:
    """Forward; indices keep their own dtype.

    Raises:
        ShapeError: if indices name more axes than there are.
    """
    dtype, data, index = dtype_of(ins[0], outs[0]), ins[0].shape, ins[1].shape
    made = None
    if data is not None and index is not None and index and index[0] is not None:
        if index[0] > len(data):
            raise ShapeError(f"'indices' {ins[1]} name {index[0]} axes, but 'data' {ins[0]} has {len(data)}")
        made = (*index[1:], *data[index[0] :]) or (1,)
    return [PartialType(data, dtype), ins[1]], [PartialType(made, dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    data, indices = ins
    where = places(xp, indices, data.shape, node.where)
    outs[0][...] = xp.take(data.reshape(where.total, -1), where.flat, axis=0).reshape(outs[0].shape)


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shape is known."""
    return list(ins), [PartialType(b.shape, ins[0].dtype)]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Every dy to where it was read; several from one place add up."""
    dy, indices = ins
    where = places(xp, indices, outs[0].shape, node.where)
    lines = dy.reshape(where.flat.size, -1)
    outs[0][...] = add_rows(xp, (where.total, lines.shape[1]), where.flat, lines).reshape(outs[0].shape)


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards the data; indices have none."""
    if dy[0] is None:
        return [None, None]
    shape = node.inputs[0].type.shape
    return [apply(BACKWARD, f"{node.name}_backward", dy[0], node.inputs[1], shape=shape), None]


BACKWARD = Op(
    "gather_nd_backward", infer_backward, {"reference": reference(run_backward)}, params=Backward,
    inputs=("dy", "indices"), precision="follow", wide=("indices",),
)  # fmt: skip
OP = Op(
    "gather_nd", infer, {"reference": reference(run)}, inputs=("data", "indices"), mxnet=("gather_nd",),
    gradient=gradient, precision="follow", wide=("indices",),
)  # fmt: skip
