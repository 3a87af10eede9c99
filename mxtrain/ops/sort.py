"""sort: the elements of an axis by size.

Shapes:
    data (S) -> output (S); without an axis: (elements of S,)

Source: MXNet's sort.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of, normal_axis, product
from mxtrain.ops._order import back, order, rows, to_places


@declare
class Params:
    """Parameters of sort."""

    axis: int | None = param(-1, doc="the axis; negative: from the end; None: all elements in order")
    is_ascend: bool = param(True, doc="the smallest first")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Either side from the other; hidden: where each element was."""
    dtype, data = dtype_of(ins[0], outs[0]), ins[0].shape
    if data is None and p.axis is not None:
        data = outs[0].shape
    made = data
    if data is not None:
        made = (product(data),) if p.axis is None else data
        if p.axis is not None:
            normal_axis(p.axis, len(data))
    return [PartialType(data, dtype)], [PartialType(made, dtype), PartialType(made, "int64")]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    x = rows(ins[0], p.axis)
    places = order(xp, x, p.is_ascend)
    outs[0][...] = back(xp.take_along_axis(x, places, -1), p.axis, outs[0].shape)
    outs[1][...] = back(places, p.axis, outs[1].shape)


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Every dy to where its element was."""
    return [dy[0] and to_places(node, dy[0], node[1])]


OP = Op(
    "sort", infer, {"reference": reference(run)}, params=Params, outputs=("output", "places"), mxnet=("sort",),
    gradient=gradient,
)  # fmt: skip
