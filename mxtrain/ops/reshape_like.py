"""reshape_like: the same elements with the axes of another tensor, all or a range of them.

Shapes:
    lhs (A..., X..., B...), rhs (C..., Y..., D...) -> output (A..., Y..., B...): X are the axes lhs_begin to lhs_end,
    Y rhs_begin to rhs_end, of as many elements; without these lhs (X...), rhs (Y...) -> output (Y...)

Source: MXNet's reshape_like.
"""

from __future__ import annotations

from collections.abc import Sequence

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._call import view
from mxtrain.ops._infer import Inferred, Types, dtype_of, product
from mxtrain.ops._reshaped import reshaped


@declare
class Params:
    """Parameters of reshape_like."""

    lhs_begin: int | None = param(None, doc="first axis of lhs that is replaced; negative: from the end")
    lhs_end: int | None = param(None, doc="axis of lhs behind the last one that is replaced")
    rhs_begin: int | None = param(None, doc="first axis of rhs that is taken")
    rhs_end: int | None = param(None, doc="axis of rhs behind the last one that is taken")


def cut(begin: int | None, end: int | None, rank: int, name: str) -> slice:
    """The range of axes.

    Raises:
        ShapeError: if it is none.
    """
    first = 0 if begin is None else begin + rank if begin < 0 else begin
    last = rank if end is None else end + rank if end < 0 else end
    if not 0 <= first <= last <= rank:
        raise ShapeError(f"{name}_begin {begin} and {name}_end {end} must name a range of {rank} axes")
    return slice(first, last)


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Forward.

    Raises:
        ShapeError: if the numbers of elements differ.
    """
    dtype = dtype_of(ins[0], outs[0])
    lhs, rhs = ins[0].shape, ins[1].shape
    if lhs is None or rhs is None:
        return [PartialType(lhs, dtype), ins[1]], [PartialType(None, dtype)]
    old = cut(p.lhs_begin, p.lhs_end, len(lhs), "lhs")
    new = rhs[cut(p.rhs_begin, p.rhs_end, len(rhs), "rhs")]
    have, want = product(lhs[old]), product(new)
    if have is not None and want is not None and have != want:
        raise ShapeError(f"'lhs' {ins[0]} and 'rhs' {ins[1]}: {have} elements cannot have the axes {PartialType(new)}")
    return [PartialType(lhs, dtype), ins[1]], [PartialType((*lhs[: old.start], *new, *lhs[old.stop :]), dtype)]


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """The same elements with the axes of lhs; rhs lends only its axes."""
    return [dy[0] and reshaped(f"{node.name}_backward", dy[0], node.inputs[0].type.shape), None]


OP = Op(
    "reshape_like", infer, {"reference": view()}, params=Params, inputs=("lhs", "rhs"), mxnet=("reshape_like",),
    gradient=gradient, precision="follow",
)  # fmt: skip
