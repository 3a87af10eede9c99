"""arange: numbers from start, by step, up to but without stop.

Shapes:
    -> output (A,): A = ceil((stop - start) / step) repeat; without stop, as its reader needs

Source: MXNet's _arange.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, merge_shapes
from mxtrain.graph import Node, Op
from mxtrain.ops._call import reference
from mxtrain.ops._constants import DType, nothing
from mxtrain.ops._infer import Inferred, Types


@declare
class Params:
    """Parameters of arange."""

    start: float = param(0.0, doc="the first number")
    stop: float | None = param(None, doc="the end, which is not reached; None: with infer_range, as its reader needs")
    step: float = param(1.0, doc="from one number to the next")
    repeat: int = param(1, ge=1, doc="how often each number comes")
    infer_range: bool = param(False, doc="without stop: the reader says how many there are")
    dtype: DType = param("float32", doc="type of the elements")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """How many there are.

    Raises:
        ShapeError: if there are none.
    """
    start, stop = p.start, p.stop
    if stop is None and p.infer_range:
        return [], [PartialType(merge_shapes((None,), outs[0].shape), p.dtype)]
    if stop is None:
        # MXNet takes a lone number for the end.
        start, stop = 0.0, p.start
    count = math.ceil((stop - start) / p.step) * p.repeat if p.step else 0
    if count < 1:
        raise ShapeError(f"start {start}, stop {stop} and step {p.step} must name at least one number")
    return [], [PartialType((count,), p.dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    start = 0.0 if p.stop is None and not p.infer_range else p.start
    places = xp.arange(outs[0].size) // p.repeat
    outs[0][...] = start + p.step * places


OP = Op("arange", infer, {"reference": reference(run)}, params=Params, inputs=(), mxnet=("_arange",), gradient=nothing)
