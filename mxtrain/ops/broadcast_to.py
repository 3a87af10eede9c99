"""broadcast_to: axes of 1 repeated to the sizes of a shape.

Shapes:
    data (A...) -> output (B...): every A is B or 1; a 0 in `shape` keeps the A

Source: MXNet's broadcast_to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._infer import Inferred, Types, dtype_of
from mxtrain.ops._move import moving_code
from mxtrain.ops._reduce import summed


@declare
class Params:
    """Parameters of broadcast_to."""

    shape: tuple[Annotated[int, Field(ge=0)], ...] = param(doc="sizes; 0: as it is", min_length=1)


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Forward; backward the axes that stay.

    Raises:
        ShapeError: if an axis is neither 1 nor as long.
    """
    dtype, data, out = dtype_of(ins[0], outs[0]), ins[0].shape, outs[0].shape
    if data is None:
        return [PartialType(None, dtype)], [PartialType(tuple(n or None for n in p.shape), dtype)]
    if len(data) != len(p.shape) or any(d not in (1, None, n) for d, n in zip(data, p.shape, strict=True) if n):
        raise ShapeError(f"every axis of 'data' {ins[0]} must be 1 or as in shape {p.shape}, which may say 0 for it")
    if out is not None and len(out) == len(data):
        data = tuple(o if d is None and not n else d for d, n, o in zip(data, p.shape, out, strict=True))
    made = tuple(n or d for d, n in zip(data, p.shape, strict=True))
    return [PartialType(data, dtype)], [PartialType(made, dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    outs[0][...] = ins[0]


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """The sum over the axes that were repeated."""
    small, large = node.inputs[0].type.shape, node.types[0].shape
    axes = [a for a, (x, y) in enumerate(zip(small, large, strict=True)) if x != y]
    return [dy[0] and (summed(f"{node.name}_backward", dy[0], axes) if axes else dy[0])]


OP = Op(
    "broadcast_to", infer, moving_code(run), params=Params, mxnet=("broadcast_to",), gradient=gradient,
    layout="follow", precision="follow",
)  # fmt: skip
