"""Sums of two with an activation after them, in one pass; and sums that the operator before them takes in.

Shapes:
    lhs (S), rhs (S) -> output (S): f(lhs + rhs)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.backends import onednn
from mxtrain.base.device import Device
from mxtrain.graph import Entry, Node, Op, Recipe, apply_node
from mxtrain.ops._activations import ALL, absorbed, backward, post_ops
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import same_type
from mxtrain.ops._pointwise import in_chains

SUMS = ("add_n", "elemwise_add")


@dataclass(frozen=True)
class Params:
    """The activation after the sum."""

    act: str


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    xp.add(ins[0], ins[1], out=outs[0])
    ALL[node.params.act](xp, outs[0], outs[0])


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN's binary with the activation as a post-op."""
    t = node.types[0]
    if not onednn.available() or not onednn.supports(t) or any(e.type != t for e in node.inputs):
        return None
    md = onednn.desc(t)
    attr = onednn.attributes(*post_ops(node.params.act))
    pd = onednn.describe("binary", onednn.Algorithm.ADD, md, md, md, attr=attr)
    if pd is None:
        return None
    ins = {onednn.Arg.SRC: 0, onednn.Arg.SRC_1: 1}
    return onednn.recipe(pd, node, ins, {onednn.Arg.DST: 0}, inplace=((0, 0), (1, 0)))


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """The same for both."""
    return [dys[0] and backward(node, dys[0], node.params.act)] * 2


def absorb(node: Node, reader: Node, training: bool) -> Node | None:
    """What a sum of two makes of the activation after it."""
    act = absorbed(reader, training)
    if act is None or len(node.inputs) != 2:
        return None
    return apply_node(ADD_ACT, reader.name, node.inputs, Params(act), (node.name, reader.name))


def other_addend(node: Node, reader: Node) -> Entry | None:
    """What `reader` adds to output 0 of `node`, if it is a sum of two unlike entries of one type."""
    if reader.op is None or reader.op.name not in SUMS or len(reader.inputs) != 2:
        return None
    other = [e for e in reader.inputs if e.node is not node]
    return other[0] if len(other) == 1 and other[0].type == reader.types[0] else None


ADD_ACT = Op(
    "add_act", same_type, {**array_code(run, ((0, 0), (1, 0))), "onednn": fast}, params=Params,
    inputs=("lhs", "rhs"), gradient=gradient, layout="follow", precision="follow", pointwise=in_chains(run),
)  # fmt: skip
