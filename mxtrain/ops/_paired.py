"""Operators of two inputs with one backward, which reads dy and both inputs, and gives both gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops._infer import Inferred, Types

Gradient = Callable[[Node, Sequence[Entry | None]], Sequence[Entry | None]]


def infer_backward(params: Any, ins: Types, outs: Types) -> Inferred:
    """Gradients are as what they belong to."""
    return list(ins), list(ins[1:])


def towards_both(backward: Op) -> Gradient:
    """The gradient whose operator is `backward`, with the params of the forward."""

    def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
        if dys[0] is None:
            return [None, None]
        back = apply_node(backward, f"{node.name}_backward", (dys[0], *node.inputs), node.params)
        return [back[0], back[1]]

    return gradient
