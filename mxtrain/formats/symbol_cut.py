"""A symbol file without what is behind some of its nodes: so the rest need not be understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mxtrain.formats.symbol_json import JsonEntry, JsonGraph


def cut(graph: JsonGraph, names: Sequence[str]) -> JsonGraph:
    """The graph up to the nodes of these names, all outputs of which become its heads.

    Args:
        names: of nodes, or ``NAME.N`` for one output. If one is not there, the graph comes back whole: whoever looks
            the name up then can say which there are.
    """
    places = {node.name: i for i, node in enumerate(graph.nodes)}
    heads = []
    for name in names:
        layer, _, number = (name, "", "") if name in places else name.rpartition(".")
        if layer not in places or not (number.isdecimal() or layer == name):
            return graph
        heads.append(JsonEntry(places[layer], int(number[:9] or 0)))
    wanted: set[int] = set()
    open_nodes = [h.node for h in heads]
    while open_nodes:
        i = open_nodes.pop()
        if i not in wanted:
            wanted.add(i)
            open_nodes += [e.node for e in graph.nodes[i].inputs]
    order = sorted(wanted)
    new = {old: i for i, old in enumerate(order)}
    nodes = tuple(
        replace(
            graph.nodes[i],
            inputs=tuple(e._replace(node=new[e.node]) for e in graph.nodes[i].inputs),
            control_deps=tuple(new[d] for d in graph.nodes[i].control_deps if d in new),
        )
        for i in order
    )
    return replace(graph, nodes=nodes, heads=tuple(h._replace(node=new[h.node]) for h in heads), row_ptr=None)
