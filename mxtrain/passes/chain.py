"""Pointwise fusion: operators computed element by element run as one pass over memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from mxtrain.base.types import TensorType
from mxtrain.graph import Entry, Graph, Instruction, Node, Vocabulary, apply_node


def fuse_chains(g: Graph, *, vocabulary: Vocabulary) -> Graph:
    """The graph with groups of pointwise operators of one type merged into chains.

    A node joins the group of an input if nothing on another path leads from that group to the node: a merged group
    must be able to run at once.

    Args:
        vocabulary: gives the chain operator.
    """
    groups = _group(g)
    members: dict[int, list[Node]] = defaultdict(list)
    for n, k in groups.items():
        members[k].append(n)
    units = {n: members[groups[n]] if n in groups else [n] for n in g.nodes}
    if all(len(u) == 1 for u in units.values()):
        return g
    outside: set[Entry] = set(g.heads)
    for n in g.nodes:
        outside |= {e for e in n.inputs if units[e.node] is not units[n]}
    new: dict[Entry, Entry] = {}
    for unit in _unit_order(g, units):
        if len(unit) == 1:
            n = unit[0]
            inputs = tuple(new[e] for e in n.inputs)
            kept = n if inputs == n.inputs else replace(n, inputs=inputs)
            new |= {Entry(n, i): Entry(kept, i) for i in range(n.output_count)}
        else:
            results = [Entry(n) for n in unit if Entry(n) in outside]
            merged = _merge(unit, results, new, vocabulary)
            new |= {e: Entry(merged, i) for i, e in enumerate(results)}
    return g.mapped(new)


def _fusable(n: Node) -> TensorType | None:
    """The one type of a node that may join a chain; None if it may not."""
    if n.op is None or n.op.pointwise is None or n.op.random or n.output_count != 1:
        return None
    t = n.types[0]
    if t.dtype == "bfloat16" or t.layout.opaque or any(e.type != t and e.type.shape != () for e in n.inputs):
        return None
    return t


def _group(g: Graph) -> dict[Node, int]:
    """Group numbers of the nodes that may join chains."""
    groups: dict[Node, int] = {}
    types: list[TensorType] = []
    reach: dict[Node, int] = {}  # bit k: a path leads from group k to the node (or it is in it)
    before: list[int] = []  # bit j of before[k]: a path leads from group j into group k, as far as told by its inputs
    for n in g.nodes:
        incoming = 0
        for e in n.inputs:
            incoming |= reach[e.node]
        t = _fusable(n)
        if t is None:
            reach[n] = incoming
            continue
        chosen = next(
            (j for e in n.inputs
             if (j := groups.get(e.node)) is not None and types[j] == t and not _leads(n, j, groups, reach, before)),
            None,
        )  # fmt: skip
        k = len(types) if chosen is None else chosen
        if chosen is None:
            types.append(t)
            before.append(0)
        groups[n] = k
        before[k] |= incoming & ~(1 << k)
        reach[n] = incoming | 1 << k
    return groups


def _leads(n: Node, k: int, groups: dict[Node, int], reach: dict[Node, int], before: list[int]) -> bool:
    """True if a path leads from group k to the node through something outside the group."""
    todo = 0
    for e in n.inputs:
        if groups.get(e.node) != k:
            todo |= reach[e.node]
    # What leads into group k is where it will wait: a path from k into any of those would close a circle.
    seen = 0
    while todo:
        low = todo & -todo
        j = low.bit_length() - 1
        if j == k:
            return True
        seen |= low
        todo = (todo | before[j]) & ~seen
    return False


def _unit_order(g: Graph, units: dict[Node, list[Node]]) -> list[list[Node]]:
    """Units (groups and single nodes) so that inputs come first."""
    order: list[list[Node]] = []
    done: set[int] = set()
    stack: list[tuple[list[Node], bool]] = [(units[n], False) for n in reversed(g.nodes)]
    while stack:
        unit, ready = stack.pop()
        if id(unit) in done:
            continue
        if ready:
            done.add(id(unit))
            order.append(unit)
            continue
        stack.append((unit, True))
        for n in reversed(unit):
            stack += [(u, False) for e in n.inputs if (u := units[e.node]) is not unit and id(u) not in done]
    return order


def _merge(nodes: list[Node], results: Sequence[Entry], new: dict[Entry, Entry], vocabulary: Vocabulary) -> Node:
    """One chain node that computes all of `nodes`."""
    inside = {Entry(n) for n in nodes}
    outer = list(dict.fromkeys(e for n in nodes for e in n.inputs if e not in inside))
    register = {e: i for i, e in enumerate(outer)}
    program = []
    for n in nodes:
        if n.op is not None:
            program.append(Instruction(n.op, n.params, tuple(register[e] for e in n.inputs)))
        register[Entry(n)] = len(outer) + len(program) - 1
    params = vocabulary.chain.params(len(outer), tuple(program), tuple(register[e] for e in results))
    origins = tuple(n.name for n in nodes)
    merged = apply_node(vocabulary.chain, nodes[-1].name, [new[e] for e in outer], params, origins)
    # Inference knows no layouts: these are set already.
    return replace(merged, types=tuple(e.type for e in results))
