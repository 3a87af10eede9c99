"""transpose: axes in another order.

Shapes:
    data (S) -> output (S[a] for a in axes); without `axes` the axes are reversed

Source: MXNet's transpose.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.ops._permute import permutation


@declare
class Params:
    """Parameters of transpose."""

    axes: tuple[Annotated[int, Field(ge=0)], ...] = param((), doc="axes of the data in the new order; empty: reversed")


def order(p: Params, rank: int) -> tuple[int, ...]:
    """The data's axes in the order of the output's.

    Raises:
        ShapeError: if `axes` does not name every axis once.
    """
    if not p.axes:
        return tuple(range(rank))[::-1]
    if sorted(p.axes) != list(range(rank)):
        raise ShapeError(f"axes {p.axes} must name each of the {rank} axes of 'data' once")
    return p.axes


OP = permutation("transpose", order, Params, mxnet=("transpose",))
