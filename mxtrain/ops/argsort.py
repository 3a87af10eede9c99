"""argsort: where the elements of an axis are, by size. No gradient.

Shapes:
    data (S) -> output (S); without an axis: (elements of S,)

Source: MXNet's argsort.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, normal_axis, product
from mxtrain.ops._order import IndexType, back, order, rows


@declare
class Params:
    """Parameters of argsort."""

    axis: int | None = param(-1, doc="the axis; negative: from the end; None: all elements in order")
    is_ascend: bool = param(True, doc="the smallest first")
    dtype: IndexType = param("float32", doc="dtype of the output")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Either side from the other."""
    data = ins[0].shape
    if data is None and p.axis is not None:
        data = outs[0].shape
    made = data
    if data is not None:
        made = (product(data),) if p.axis is None else data
        if p.axis is not None:
            normal_axis(p.axis, len(data))
    return [PartialType(data, ins[0].dtype)], [PartialType(made, p.dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    outs[0][...] = back(order(xp, rows(ins[0], p.axis), p.is_ascend), p.axis, outs[0].shape)


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Places have none."""
    return [None]


OP = Op("argsort", infer, {"reference": reference(run)}, params=Params, mxnet=("argsort",), gradient=gradient)
