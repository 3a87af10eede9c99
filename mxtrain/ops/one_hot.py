"""one_hot: for every index a row that is on at its place and off elsewhere; an index outside has no place.

Shapes:
    indices (S) -> output (S, depth)

Source: MXNet's one_hot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, merge_shapes
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types

Dtype = Literal["bfloat16", "float16", "float32", "float64", "int32", "int64", "int8", "uint8"]


@declare
class Params:
    """Parameters of one_hot."""

    depth: int = param(ge=1, doc="length of a row")
    on_value: float = param(1.0, doc="value at the index")
    off_value: float = param(0.0, doc="value elsewhere")
    dtype: Dtype = param("float32", doc="dtype of the output")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Leading axes in both directions; the dtype is given."""
    shape, out = ins[0].shape, outs[0].shape
    if out:
        shape = merge_shapes(shape, out[:-1])
    return [PartialType(shape, ins[0].dtype)], [PartialType(None if shape is None else (*shape, p.depth), p.dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    on = ins[0].astype(xp.int64)[..., None] == xp.arange(p.depth)
    outs[0][...] = xp.where(on, p.on_value, p.off_value)


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Indices have none."""
    return [None]


OP = Op(
    "one_hot", infer, array_code(run), params=Params, inputs=("indices",), mxnet=("one_hot",),
    gradient=gradient,
)  # fmt: skip
