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
    """oneDNN's sum."""
    types = [e.type for e in node.inputs]
    if not onednn.available() or not onednn.supports(*types) or any(t != types[0] for t in (*types, *node.types)):
        return None
    md = onednn.desc(types[0])
    pd = onednn.describe("sum", md, [1.0] * len(types), [md] * len(types))
    if pd is None:
        return None
    ins = {onednn.Arg.MULTIPLE_SRC + i: i for i in range(len(types))}
    return onednn.recipe(pd, node, ins, {onednn.Arg.DST: 0}, inplace=((0, 0),))


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """The same for every input."""
    return [dy[0]] * len(node.inputs)


OP = Op(
    "add_n", same_type, {**array_code(run, ((0, 0),)), "onednn": fast}, params=Params, mxnet=("add_n",),
    inputs=lambda p: tuple(f"arg{i}" for i in range(p.num_args)), gradient=gradient, absorb=absorb, variadic=True,
    pointwise=Pointwise(compute, alias=False), layout="follow", precision="follow",
)  # fmt: skip
