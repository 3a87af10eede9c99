"""add_n: the sum of any number of equal tensors.

Shapes:
    arg0..argN (S) each -> output (S)

Source: MXNet's add_n (ElementWiseSum).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.backends import onednn
from mxtrain.base.device import Device
from mxtrain.base.params import declare, param
from mxtrain.graph import Entry, Node, Op, Pointwise, Recipe
from mxtrain.ops._add_act import absorb
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import same_type


@declare
class Params:
    """Parameters of add_n."""

    num_args: int = param(ge=1, doc="number of inputs")


def compute(params: Any, xp: Any, out: Any, *ins: Any) -> None:
    """out = the sum of ins."""
    if len(ins) == 1:
        xp.copyto(out, ins[0])
        return
    xp.add(ins[0], ins[1], out=out)
    for other in ins[2:]:
        xp.add(out, other, out=out)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    compute(node.params, xp, outs[0], *ins)


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN's binary, which adds the third and later ones as post-ops."""
    t = node.types[0]
    count = len(node.inputs)
    if not onednn.available() or not onednn.supports(t) or any(e.type != t for e in node.inputs) or count < 2:
        return None
    md, add = onednn.desc(t), onednn.Algorithm.ADD
    attr = onednn.attributes(*[("binary", add, md)] * (count - 2))
    pd = onednn.describe("binary", add, md, md, md, attr=attr)
    if pd is None:
        return None
    a = onednn.Arg
    ins = {a.SRC: 0, a.SRC_1: 1} | {a.POST_OP_BASE * (i - 1) | a.SRC_1: i for i in range(2, count)}
    return onednn.recipe(pd, node, ins, {a.DST: 0}, inplace=((0, 0), (1, 0)))


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """The same for every input."""
    return [dy[0]] * len(node.inputs)


OP = Op(
    "add_n", same_type, {**array_code(run, ((0, 0),)), "onednn": fast}, params=Params, mxnet=("add_n",),
    inputs=lambda p: tuple(f"arg{i}" for i in range(p.num_args)), gradient=gradient, absorb=absorb, variadic=True,
    pointwise=Pointwise(compute, alias=False), layout="follow", precision="follow",
)  # fmt: skip
