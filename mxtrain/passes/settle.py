"""What was merged before the device was known becomes what the device computes best: each operator's own answer."""

from __future__ import annotations

from collections.abc import Sequence

from mxtrain.graph import Entry, Graph, Node, Setting, rebuild


def settle(g: Graph, setting: Setting) -> Graph:
    """The graph with what stands in the place of its operators."""

    def change(node: Node, inputs: tuple[Entry, ...]) -> Sequence[Entry] | None:
        if node.op is None or node.op.settle is None:
            return None
        return node.op.settle(node if inputs == node.inputs else rebuild(node, inputs), setting)

    return g.rewrite(change)
