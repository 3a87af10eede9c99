"""scatter_nd: zeros with elements, or slices, put at given places; of several at one place the last.

Shapes:
    data (A..., B...), indices (M + 1, A...) -> output `shape` (X0, ..., XM, B...)
    negative indices count from the end

Source: MXNet's scatter_nd.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._axes import Sizes
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of
from mxtrain.ops._places import places


@declare
class Params:
    """Parameters of scatter_nd."""

    shape: Sizes = param(doc="the shape of the output")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """The data from the indices; the output is given.

    Raises:
        ShapeError: if indices name more axes than there are.
    """
    dtype, index = dtype_of(ins[0], outs[0]), ins[1].shape
    data = None
    if index and index[0] is not None:
        if index[0] > len(p.shape):
            raise ShapeError(f"'indices' {ins[1]} name {index[0]} axes, but shape {p.shape} has {len(p.shape)}")
        data = (*index[1:], *p.shape[index[0] :])
    return [PartialType(data, dtype), ins[1]], [PartialType(p.shape, dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    data, indices = ins
    where = places(xp, indices, outs[0].shape, node.where)
    made = xp.zeros((where.total, outs[0].size // where.total), data.dtype)
    made[where.flat] = data.reshape(where.flat.size, -1)
    outs[0][...] = made.reshape(outs[0].shape)


def infer_backward(p: Params, ins: Types, outs: Types) -> Inferred:
    """The data's shape."""
    (data, _), _ = infer(p, [PartialType(None, ins[0].dtype), ins[1]], [ins[0]])
    return list(ins), [data]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """What is at the places."""
    dy, indices = ins
    where = places(xp, indices, dy.shape, node.where)
    outs[0][...] = xp.take(dy.reshape(where.total, -1), where.flat, axis=0).reshape(outs[0].shape)


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards the data; indices have none. As in MXNet, elements that were written over get one too."""
    if dy[0] is None:
        return [None, None]
    return [apply(BACKWARD, f"{node.name}_backward", dy[0], node.inputs[1], shape=node.params.shape), None]


BACKWARD = Op(
    "scatter_nd_backward", infer_backward, {"reference": reference(run_backward)}, params=Params,
    inputs=("dy", "indices"), precision="follow", wide=("indices",),
)  # fmt: skip
OP = Op(
    "scatter_nd", infer, {"reference": reference(run)}, params=Params, inputs=("data", "indices"),
    mxnet=("scatter_nd",), gradient=gradient, precision="follow", wide=("indices",),
)  # fmt: skip
