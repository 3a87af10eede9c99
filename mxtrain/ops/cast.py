"""cast: the same numbers in another dtype. To integers they are cut off towards zero.

Shapes:
    data (any) -> output, same shape

Source: MXNet's Cast.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from mxtrain.backends import onednn
from mxtrain.base.device import Device
from mxtrain.base.params import declare, param
from mxtrain.base.types import FLOATS, PartialType, merge_shapes
from mxtrain.graph import Entry, Node, Op, Recipe, apply
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types

Dtype = Literal["bfloat16", "bool", "float16", "float32", "float64", "int32", "int64", "int8", "uint8"]


@declare
class Params:
    """Parameters of cast."""

    dtype: Dtype = param(doc="dtype of the output")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """One shape; the output's dtype is given."""
    shape = merge_shapes(ins[0].shape, outs[0].shape)
    return [PartialType(shape, ins[0].dtype)], [PartialType(shape, p.dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Copy, converting."""
    xp.copyto(outs[0], ins[0], casting="unsafe")


def same(node: Node) -> bool:
    """True if there is nothing to convert."""
    return node.inputs[0].type == node.types[0]


CONVERT = reference(run)


def slow(node: Node, device: Device) -> Recipe | None:
    """Nothing runs where the dtype is right already."""
    if same(node) and not node.types[0].layout.opaque:
        return Recipe(lambda ins, outs, scratch: None, "view", view=True)
    return CONVERT(node, device)


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN's reorder between floats; to integers it would round."""
    source, target = node.inputs[0].type, node.types[0]
    floats = source.dtype in FLOATS and target.dtype in FLOATS and source.layout == target.layout
    if same(node) or not floats or not onednn.available() or not onednn.supports(source, target):
        return None
    pd = onednn.describe("reorder", onednn.desc(source), onednn.desc(target))
    if pd is None:
        return None
    return onednn.recipe(pd, node, {onednn.Arg.SRC: 0}, {onednn.Arg.DST: 0})


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Cast back, through integers too."""
    return [dy[0] and apply(OP, f"{node.name}_backward", dy[0], dtype=node.inputs[0].type.dtype)]


OP = Op(
    "cast", infer, {"reference": slow, "onednn": fast}, params=Params, mxnet=("Cast", "cast"), gradient=gradient,
    layout="follow", precision="follow",
)  # fmt: skip
