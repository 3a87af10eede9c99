"""reverse: the elements of some axes in opposite order.

Shapes:
    data (any) -> output, same shape

Source: MXNet's reverse (flip).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.params import declare, param
from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops._axes import Axes
from mxtrain.ops._infer import Inferred, Types, normal_axis, same_type
from mxtrain.ops._move import moving_code


@declare
class Params:
    """Parameters of reverse."""

    axis: Axes = param(doc="the axes; negative: counted from the end")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """One type; every axis is there."""
    result = same_type(p, ins, outs)
    shape = result[0][0].shape
    for axis in p.axis if shape is not None else ():
        normal_axis(axis, len(shape or ()))
    return result


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    turned = {normal_axis(axis, ins[0].ndim) for axis in node.params.axis}
    outs[0][...] = ins[0][tuple(slice(None, None, -1 if a in turned else 1) for a in range(ins[0].ndim))]


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Turned back."""
    return [dy[0] and apply_node(OP, f"{node.name}_backward", (dy[0],), node.params)[0]]


OP = Op(
    "reverse", infer, {**moving_code(run)}, params=Params, mxnet=("reverse", "flip"), gradient=gradient,
    layout="follow", precision="follow",
)  # fmt: skip
