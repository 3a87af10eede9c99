"""swap_axis: two axes change places.

Shapes:
    data (..., A, ..., B, ...) -> output (..., B, ..., A, ...)

Source: MXNet's SwapAxis (swapaxes).
"""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.ops._infer import normal_axis
from mxtrain.ops._permute import permutation


@declare
class Params:
    """Parameters of swap_axis."""

    dim1: int = param(0, doc="one axis; negative: counted from the end")
    dim2: int = param(0, doc="the other axis")


def order(p: Params, rank: int) -> tuple[int, ...]:
    """The data's axes in the order of the output's."""
    axes = list(range(rank))
    a, b = normal_axis(p.dim1, rank), normal_axis(p.dim2, rank)
    axes[a], axes[b] = b, a
    return tuple(axes)


OP = permutation("swap_axis", order, Params, mxnet=("SwapAxis", "swapaxes"))
