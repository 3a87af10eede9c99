"""arange_like: numbers from start, by step, as many as another tensor has elements, or as one of its axes is long.

Shapes:
    data (S) -> output (S); with an axis of A elements: (A,)

Source: MXNet's _contrib_arange_like.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, dtype_of, normal_axis


@declare
class Params:
    """Parameters of arange_like."""

    start: float = param(0.0, doc="the first number")
    step: float = param(1.0, doc="from one number to the next")
    repeat: int = param(1, ge=1, doc="how often each number comes")
    axis: int | None = param(
        None, doc="as many as this axis is long; negative: from the end; None: as many as elements"
    )


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """The shape of the data, or of one of its axes."""
    dtype, data = dtype_of(ins[0], outs[0]), ins[0].shape
    made = data if data is None or p.axis is None else (data[normal_axis(p.axis, len(data))],)
    return [PartialType(data, dtype)], [PartialType(made, dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    places = xp.floor(xp.arange(outs[0].size) / p.repeat)
    outs[0][...] = (p.start + p.step * places).reshape(outs[0].shape)


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """The data lends only its shape."""
    return [None]


OP = Op("arange_like", infer, array_code(run), params=Params, mxnet=("_contrib_arange_like",), gradient=gradient)
