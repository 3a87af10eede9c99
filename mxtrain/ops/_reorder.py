"""reorder: the same tensor in another layout or dtype. Passes make it; users cannot write it.

Shapes:
    data (any) -> output, same axes; its layout and dtype are those of the node's type
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mxtrain.backends import onednn
from mxtrain.base.device import Device
from mxtrain.base.types import PartialType, merge_shapes
from mxtrain.graph import Entry, Node, Op, Recipe
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types


def infer(params: Any, ins: Types, outs: Types) -> Inferred:
    """Same shape; the dtype is the node's own."""
    shape = merge_shapes(ins[0].shape, outs[0].shape)
    return [PartialType(shape, ins[0].dtype)], [PartialType(shape, outs[0].dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Copy, converting."""
    # What float16 cannot hold becomes infinite: loss scaling looks for it.
    with np.errstate(over="ignore"):
        xp.copyto(outs[0], ins[0], casting="unsafe")


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN's reorder: any of its formats to any other; or what the target's layout says."""
    source, target = node.inputs[0].type, node.types[0]
    if isinstance(target.layout.key, onednn.Packer):
        return target.layout.key.recipe(node)
    if not (onednn.available() and onednn.supports(source, target)):
        return None
    axes = next((t.layout.key.shape for t in (target, source) if t.layout.opaque), None)
    pd = onednn.describe("reorder", onednn.desc(source, axes), onednn.desc(target, axes))
    if pd is None:
        return None
    return onednn.recipe(
        pd, node, {onednn.Arg.SRC: (0, axes or source.shape)}, {onednn.Arg.DST: (0, axes or target.shape)}
    )


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Passes run after the gradient make reorders, so none is ever asked for."""
    raise NotImplementedError("a reorder is made after the gradient")


REORDER = Op("reorder", infer, {**array_code(run), "onednn": fast}, precision="follow")
