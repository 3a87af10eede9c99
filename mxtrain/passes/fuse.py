"""Structural fusion: an operator absorbs its only reader, where its own `absorb` says it can."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from mxtrain.graph import Entry, Graph, Node, rebuild

Absorb = Callable[[Node, Node], Node | None]


def fuse_structures(g: Graph, *, training: bool, compiled: bool = False) -> Graph:
    """The graph with structures merged. Nodes are never changed, so what nobody reads any more is simply forgotten.

    Args:
        training: gradients will be asked of the merged operators.
        compiled: the device has kernels of its own, for which more is merged in training.
    """
    g = _fuse(g, lambda node, reader: node.op.absorb(node, reader, training) if node.op and node.op.absorb else None)
    return fuse_compiled(g) if compiled and training else g


def fuse_compiled(g: Graph) -> Graph:
    """What only a device that has kernels of its own merges, in the forward of a training graph or in all of it."""
    return _fuse(
        g, lambda node, reader: node.op.absorb_compiled(node, reader) if node.op and node.op.absorb_compiled else None
    )


def _fuse(g: Graph, absorb: Absorb) -> Graph:
    while True:
        fused = _fuse_once(g, absorb)
        if len(fused.nodes) == len(g.nodes):
            return fused
        g = fused


def _fuse_once(g: Graph, absorb: Absorb) -> Graph:
    readers = g.readers

    def change(node: Node, inputs: tuple[Entry, ...]) -> Sequence[Entry] | None:
        fresh = node if inputs == node.inputs else rebuild(node, inputs)
        own = [Entry(fresh, i) for i in range(node.output_count)]
        hidden = any(readers[Entry(node, i)] for i in range(1, node.output_count))
        for e in node.inputs:
            producer = fresh.inputs[node.inputs.index(e)].node
            if readers[e] != 1 or e.index != 0 or e.node.op is None or hidden:
                continue
            if any(readers[Entry(e.node, i)] for i in range(1, e.node.output_count)):
                continue
            merged = absorb(producer, fresh)
            taken = None if merged is None else _taken(e.node, producer, merged, readers)
            if merged is not None and taken is not None:
                origins = _origins(*taken, producer, fresh)
                merged = replace(merged, source=node.source or producer.source, origins=origins)
                return [Entry(merged, min(i, merged.output_count - 1)) for i in range(node.output_count)]
        return own

    return g.rewrite(change)


def _taken(old: Node, node: Node, merged: Node, readers: Mapping[Entry, int]) -> list[Node] | None:
    """What makes those inputs of `node`, once `old`, that the merged node does not take; None if others read them."""
    passed = [k for k, e in enumerate(node.inputs) if e.node.op is not None and e not in merged.inputs]
    if passed and (len(old.inputs) != len(node.inputs) or any(readers[old.inputs[k]] != 1 for k in passed)):
        return None
    return [node.inputs[k].node for k in passed]


def _origins(*nodes: Node) -> tuple[str, ...]:
    """Names of what was merged, oldest first."""
    return tuple(name for n in nodes for name in (n.origins or (n.name,)))
