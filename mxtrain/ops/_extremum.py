"""Where an extremum lies: what argmax and argmin share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, dtype_of, normal_axis
from mxtrain.ops._reduce import result_shape


@declare
class Params:
    """Parameters of argmax and argmin."""

    axis: int | None = param(None, doc="the axis; None: all elements in order")
    keepdims: bool = param(False, doc="leave the axis as 1")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Forward; the index has the data's dtype, as in MXNet."""
    dtype, data = dtype_of(ins[0], outs[0]), ins[0].shape
    if data is None:
        return [PartialType(None, dtype)], [PartialType(None, dtype)]
    if 0 in data:
        raise ShapeError(f"no elements have no extremum; got 'data' {ins[0]}")
    axes = range(len(data)) if p.axis is None else (normal_axis(p.axis, len(data)),)
    return [PartialType(data, dtype)], [PartialType(result_shape(data, axes, p.keepdims), dtype)]


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """A place has none."""
    return [None]


def extremum(name: str) -> Op:
    """The index of the first extremum, by the array module's function called `name`."""

    def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
        outs[0][...] = getattr(xp, name)(ins[0], axis=node.params.axis).reshape(outs[0].shape)

    return Op(name, infer, array_code(run), params=Params, mxnet=(name,), gradient=gradient)
