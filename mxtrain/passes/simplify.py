"""What stands in the place of operators outside training; common subexpressions; expansions."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from mxtrain.graph import Entry, Graph, Node, rebuild


def at_eval(g: Graph) -> Graph:
    """The graph for prediction: each operator's own answer to what it is outside training."""

    def change(node: Node, inputs: tuple[Entry, ...]) -> Sequence[Entry] | None:
        fresh = node if inputs == node.inputs else rebuild(node, inputs)
        if node.op is not None and node.op.at_eval:
            outs = node.op.at_eval(fresh)
            # Hidden outputs that the stand-in lacks are read by nobody outside training.
            return [outs[min(i, len(outs) - 1)] for i in range(node.output_count)]
        return [Entry(fresh, i) for i in range(fresh.output_count)]

    return g.rewrite(change)


def expand(g: Graph) -> Graph:
    """Operators that have no kernels of their own, as what they expand to."""

    def change(node: Node, inputs: tuple[Entry, ...]) -> Sequence[Entry] | None:
        if node.op is None or node.op.expand is None or node.op.kernels:
            return None
        return node.op.expand(node if inputs == node.inputs else rebuild(node, inputs))

    return g.rewrite(change)


def common_subexpressions(g: Graph) -> Graph:
    """Nodes that compute the same are one node, but for random ones."""
    seen: dict[Hashable, Node] = {}

    def change(node: Node, inputs: tuple[Entry, ...]) -> Sequence[Entry] | None:
        if node.op is None or node.op.random:
            return None
        key: Any = (node.op, node.params, inputs, node.types)
        try:
            same = seen.setdefault(key, node)
        except TypeError:  # params that cannot be hashed are never merged
            return None
        if same is node:
            kept = node if inputs == node.inputs else rebuild(node, inputs)
            seen[key] = same = kept
        return [Entry(same, i) for i in range(node.output_count)]

    return g.rewrite(change)
