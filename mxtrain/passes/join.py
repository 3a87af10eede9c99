"""Joining: what many updates do to small arrays each, by one operator, becomes one node."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

from mxtrain.graph import Entry, Graph, Node, Op


def join_updates(g: Graph) -> Graph:
    """The graph in which nodes that only make updates, by one operator with the same params, are joined as it says.

    Nothing else reads them, so none of them leads to another.
    """
    readers = g.readers
    groups: dict[tuple[Op, Any], list[Node]] = defaultdict(list)
    for u in g.updates:
        n = u.value.node
        if n.op is not None and n.op.join and n.output_count == 1 and readers[u.value] == 1:
            groups[n.op, n.params].append(n)
    new: dict[Entry, Entry] = {}
    for (op, _), nodes in groups.items():
        if len(nodes) > 1 and op.join:
            joined = op.join(nodes)
            new |= {Entry(n): Entry(joined, k) for k, n in enumerate(nodes)}
    return replace(g, updates=tuple(u._replace(value=new.get(u.value, u.value)) for u in g.updates))
