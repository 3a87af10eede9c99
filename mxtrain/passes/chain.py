"""Pointwise fusion: operators computed element by element run as one pass over memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from mxtrain.base.types import NARROW, TensorType
from mxtrain.graph import Entry, Graph, Instruction, Node, Vocabulary, apply_node


def fuse_chains(g: Graph, *, vocabulary: Vocabulary, compiled: bool = False) -> Graph:
    """The graph with groups of pointwise operators of one type merged into chains.

    A node joins the groups of its inputs, which become one, if nothing on another path leads from such a group to the
    node, or from one group to another: a group must be able to run at once.

    Args:
        vocabulary: gives the chain operator.
        compiled: chains are compiled: 16-bit floats take part, and operators that run in chains only then.
    """
    groups = _group(g, compiled)
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


def _fusable(n: Node, compiled: bool) -> TensorType | None:
    """The one type of a node that may join a chain; None if it may not."""
    if n.op is None or n.op.pointwise is None or n.op.random or n.output_count != 1:
        return None
    t = n.types[0]
    if not compiled and (n.op.pointwise.compiled or t.dtype in NARROW):
        return None
    if t.layout.opaque or any(e.type != t and e.type.shape != () for e in n.inputs):
        return None
    return t


@dataclass
class _Groups:
    """Groups of nodes while they grow. A set of groups is an int, bit k standing for group k.

    Args:
        of: group number of each node that may join a chain, as it was when the node came.
        types: the type of each group.
        before: for each group, those from which a path leads into it, as far as told by its inputs.
        merged: for each group, the group that it has become part of; itself if none.
    """

    of: dict[Node, int] = field(default_factory=dict)
    types: list[TensorType] = field(default_factory=list)
    before: list[int] = field(default_factory=list)
    merged: list[int] = field(default_factory=list)

    def root(self, k: int) -> int:
        """The group that group k is now."""
        while self.merged[k] != k:
            k = self.merged[k]
        return k

    def get(self, n: Node) -> int | None:
        """The group of a node, if it is in one."""
        return self.root(self.of[n]) if n in self.of else None

    def new(self, t: TensorType) -> int:
        """A new group."""
        k = len(self.types)
        self.types.append(t)
        self.before.append(0)
        self.merged.append(k)
        return k

    def leads(self, sources: int, k: int) -> bool:
        """True if a path leads from group k into any of `sources`.

        What leads into a group is where it will wait, so paths go on through `before`.
        """
        todo, seen = sources, 0
        while todo:
            low = todo & -todo
            j = self.root(low.bit_length() - 1)
            if j == k:
                return True
            seen |= low | 1 << j
            todo = (todo | self.before[j]) & ~seen
        return False

    def merge(self, j: int, k: int) -> None:
        """Make group j part of group k."""
        self.merged[j] = k
        self.before[k] = (self.before[k] | self.before[j]) & ~(1 << j | 1 << k)


def _group(g: Graph, compiled: bool) -> dict[Node, int]:
    """Group numbers of the nodes that may join chains."""
    groups = _Groups()
    reach: dict[Node, int] = {}  # the groups from which a path leads to the node (or it is in one of them)
    for n in g.nodes:
        incoming = 0
        for e in n.inputs:
            incoming |= reach[e.node]
        t = _fusable(n, compiled)
        if t is None:
            reach[n] = incoming
            continue
        k: int | None = None
        for e in n.inputs:
            j = groups.get(e.node)
            if j is None or j == k or groups.types[j] != t or groups.leads(_outside(n, j, groups, reach), j):
                continue
            if k is None:
                k = j
            else:
                groups.merge(j, k)
        if k is None:
            k = groups.new(t)
        groups.of[n] = k
        groups.before[k] |= incoming
        reach[n] = incoming | 1 << k
    return {n: groups.root(k) for n, k in groups.of.items()}


def _outside(n: Node, k: int, groups: _Groups, reach: dict[Node, int]) -> int:
    """The groups from which a path leads to the node through an input that is not in group k."""
    todo = 0
    for e in n.inputs:
        if groups.get(e.node) != k:
            todo |= reach[e.node]
    return todo


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
