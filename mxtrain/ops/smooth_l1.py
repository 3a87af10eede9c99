"""smooth_l1: s^2 x^2 / 2 where |x| < 1 / s^2, |x| - 1 / (2 s^2) elsewhere, with s the scalar.

Shapes:
    data (any) -> output, same shape

Source: MXNet's smooth_l1; Girshick, "Fast R-CNN", 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.params import declare, param
from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import same_type


@declare
class Params:
    """Parameters of smooth_l1."""

    scalar: float = param(1.0, gt=0, doc="s: larger makes the parabola narrower")


def slope(p: Params, xp: Any, x: Any) -> Any:
    """The derivative."""
    return xp.clip(x * p.scalar**2, -1, 1)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward: both branches are d (x - d / (2 s^2)) with d the derivative."""
    p: Params = node.params
    d = slope(p, xp, ins[0])
    xp.multiply(d, ins[0] - d * (0.5 / p.scalar**2), out=outs[0])


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """dx = dy * slope."""
    xp.multiply(ins[0], slope(node.params, xp, ins[1]), out=outs[0])


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards the data."""
    if dys[0] is None:
        return [None]
    return [apply_node(BACKWARD, f"{node.name}_backward", (dys[0], node.inputs[0]), node.params)[0]]


BACKWARD = Op(
    "smooth_l1_backward", same_type, {**array_code(run_backward, ((0, 0), (1, 0)))}, params=Params,
    inputs=("dy", "data"), layout="follow",
)  # fmt: skip
OP = Op(
    "smooth_l1", same_type, {**array_code(run, ((0, 0),))}, params=Params, mxnet=("smooth_l1",),
    gradient=gradient, layout="follow",
)  # fmt: skip
