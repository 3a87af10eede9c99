"""flatten: all axes but the first as one.

Shapes:
    data (N, D...) -> output (N, prod(D))

Source: MXNet's Flatten.
"""

from __future__ import annotations

from collections.abc import Sequence

from mxtrain.base.errors import ShapeError
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._call import view
from mxtrain.ops._infer import Inferred, Types, dtype_of, product
from mxtrain.ops._reshaped import reshaped


def infer(params: object, ins: Types, outs: Types) -> Inferred:
    """Forward only: the axes cannot be told from their product."""
    dtype = dtype_of(ins[0], outs[0])
    shape = ins[0].shape
    if shape is None:
        return [PartialType(None, dtype)], [PartialType((None, None), dtype)]
    if not shape:
        raise ShapeError("input 'data' must have at least one axis, got a scalar")
    return [PartialType(shape, dtype)], [PartialType((shape[0], product(shape[1:])), dtype)]


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """The same elements with the axes of the data."""
    return [dy[0] and reshaped(f"{node.name}_backward", dy[0], node.inputs[0].type.shape)]


OP = Op("flatten", infer, {"reference": view()}, mxnet=("Flatten", "flatten"), gradient=gradient, precision="follow")
