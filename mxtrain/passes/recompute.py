"""Recomputing: activations are dropped after the forward and made again where the backward needs them.

Source: Chen et al., "Training deep nets with sublinear memory cost", 2016. Here segments are chosen by cost over the
graph with kernels chosen, and measured by the planner of memory. A node that runs again runs the same kernel on the
same bytes, and random operators count their draws, so no bit of a result changes; statistics are moved once, by what
the first run found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mxtrain.graph import Entry, Graph, Node, Recipe, unique
from mxtrain.passes.segments import Line, Segment, choices

SLACK = (1.0, 1.25, 1.6)
"""How many times the least memory, by the model of segments.py, is tried: the planner knows better which is best."""
DEAR = (0.0, 0.3, 0.6)
"""Part of the forward's cost that is never paid again: what costs most per byte is kept."""
MOST = 0.5
"""Part of the forward's cost that may be paid again: the last bytes saved cost the most."""
NEAR = 1.03
"""Plans within this of the smallest are as good; the one that computes least again is taken."""
BYTE = 16.0
"""Operations in the time in which a byte is moved: 350 GFLOP/s over 20 GB/s, two cores of a Xeon."""
SMALL = 64
"""An output this many times smaller than its node's largest is kept rather than made again (statistics)."""


@dataclass(frozen=True)
class Recomputed:
    """A graph in which some nodes stand twice.

    Args:
        order: its nodes in the order in which they should run.
        again: the nodes that run a second time.
        cost: of running them.
    """

    graph: Graph
    recipes: dict[Node, Recipe]
    order: tuple[Node, ...]
    again: tuple[Node, ...] = ()
    cost: float = 0.0


def recompute_segments(
    g: Graph,
    recipes: Mapping[Node, Recipe],
    *,
    gradients: Sequence[Entry],
    fixed: frozenset[Node],
    measure: Callable[[Recomputed], int],
) -> Recomputed:
    """The graph that needs the least memory, found by trying the cuts that segments.py proposes.

    Args:
        gradients: the outputs of the graph that belong to the backward.
        fixed: nodes whose results are there before the run: they never run again.
        measure: bytes of a plan.
    """
    unchanged = Recomputed(g, dict(recipes), g.nodes)
    forward = _find_forward(g, recipes, gradients, fixed)
    if not forward.line or not forward.backward:
        return unchanged
    found = [(measure(unchanged), unchanged)]
    most = MOST * sum(_cost(n, recipes) for n in forward.line)
    for share in DEAR:
        dear = _dear(forward, recipes, share)
        for segments in choices(_line(forward, recipes, dear), SLACK):
            made = _doubled(g, recipes, forward, _dropped(forward, segments) - dear)
            if made.again and made.cost <= most:
                found.append((measure(made), made))
    near = min(size for size, _ in found) * NEAR
    return min((f for f in found if f[0] <= near), key=lambda f: (f[1].cost, f[0]))[1]


@dataclass(frozen=True)
class _Forward:
    """The part of a graph that does not depend on gradients.

    Args:
        line: its operators in order.
        backward: the operators that gradients need, and the forward does not.
        source: the entry that an entry is a view of, or itself.
        last: position of the last operator of the line that reads an entry or a view of it.
        read: entries of which the backward reads them or views of them.
    """

    line: tuple[Node, ...] = ()
    backward: frozenset[Node] = frozenset()
    source: dict[Entry, Entry] = field(default_factory=dict)
    last: dict[Entry, int] = field(default_factory=dict)
    read: set[Entry] = field(default_factory=set)


def _find_forward(
    g: Graph, recipes: Mapping[Node, Recipe], gradients: Sequence[Entry], fixed: frozenset[Node]
) -> _Forward:
    """Everything that the losses and the outputs that are no gradients need."""
    given = set(gradients)
    needed = _ancestors(g, [*(e for e in g.outputs if e not in given), *(e for _, e in g.losses)]) - fixed
    backward = _ancestors(g, gradients) - needed - fixed
    found = _Forward(tuple(n for n in g.nodes if n.op is not None and n in needed), frozenset(backward))
    for position, n in enumerate(found.line):
        inputs = [found.source.get(e, e) for e in n.inputs]
        found.last.update(dict.fromkeys(inputs, position))
        found.source.update({Entry(n, i): Entry(n, i) for i in range(len(n.types))})
        if recipes[n].view:
            found.source[Entry(n)] = inputs[0]
    found.read.update(found.source.get(e, e) for n in backward for e in n.inputs)
    return found


def _ancestors(g: Graph, heads: Sequence[Entry]) -> set[Node]:
    """The nodes that the heads need."""
    needed = {e.node for e in heads}
    for n in reversed(g.nodes):
        if n in needed:
            needed.update(e.node for e in n.inputs)
    return needed


def _dear(forward: _Forward, recipes: Mapping[Node, Recipe], share: float) -> set[Node]:
    """The nodes that cost most per byte, together `share` of all."""
    costs = {n: _cost(n, recipes) for n in forward.line}
    left = share * sum(costs.values())
    found: set[Node] = set()
    for n in sorted(costs, key=lambda n: -costs[n] / max(n.types[0].nbytes, 1)):
        if left < costs[n]:
            break
        left -= costs[n]
        found.add(n)
    return found


def _line(forward: _Forward, recipes: Mapping[Node, Recipe], dear: set[Node]) -> Line:
    """The forward as segments.py sees it."""
    count = len(forward.line)
    crossing, read, passing, cost, kept = (np.zeros(count) for _ in range(5))
    for p, n in enumerate(forward.line):
        own = [e for e in map(n.__getitem__, range(len(n.types))) if forward.source[e] == e]
        for e in own:
            crossing[p] += e.type.nbytes
            crossing[forward.last.get(e, p)] -= e.type.nbytes
        (kept if n in dear else read)[p] = sum(e.type.nbytes for e in own if e in forward.read)
        # A gradient comes in and one goes out.
        passing[p] = 2 * max((e.type.nbytes for e in own), default=0)
        cost[p] = 0 if n in dear else _cost(n, recipes)
    return Line(np.cumsum(crossing), read, passing, cost, kept)


def _cost(n: Node, recipes: Mapping[Node, Recipe]) -> float:
    """Of running a node: its operations and the bytes it moves, as operations."""
    if n.op is None or recipes[n].view:
        return 0.0
    moved = sum(t.nbytes for t in (*n.types, *(e.type for e in n.inputs)))
    return float(n.op.flops(n) if n.op.flops else n.types[0].size) + BYTE * moved


def _large(e: Entry) -> bool:
    """True if an entry is worth making again."""
    return e.type.nbytes * SMALL > max(t.nbytes for t in e.node.types)


def _dropped(forward: _Forward, segments: Sequence[Segment]) -> set[Node]:
    """The nodes that run again: those of segments that do, but for what makes something that crosses their end."""
    nodes: set[Node] = set()
    for s in segments:
        inside = forward.line[s.first : s.last + 1] if s.again else ()
        nodes.update(
            n for n in inside if all(forward.last.get(n[i], 0) <= s.last for i in range(len(n.types)) if _large(n[i]))
        )
    return nodes


def _doubled(g: Graph, recipes: Mapping[Node, Recipe], forward: _Forward, nodes: set[Node]) -> Recomputed:
    """The graph in which the backward reads what `nodes` make when they run again."""
    fresh = unique(n.name for n in g.nodes)
    twins: dict[Node, Node] = {}

    def again(e: Entry) -> Entry:
        return Entry(twins[e.node], e.index) if e.node in twins and _large(e) else e

    for n in forward.line:
        if n in nodes:
            twins[n] = replace(n, name=fresh(f"{n.name}_again"), inputs=tuple(again(e) for e in n.inputs),
                               origins=n.origins or (n.name,))  # fmt: skip
    changed: dict[Node, Node] = {}

    def change(node: Node, inputs: tuple[Entry, ...]) -> Sequence[Entry] | None:
        read = tuple(again(e) for e in inputs) if node in forward.backward else inputs
        changed[node] = node if read == node.inputs else replace(node, inputs=read)
        return [Entry(changed[node], i) for i in range(len(node.types))]

    graph = g.rewrite(change)
    order = _order(g, changed, {twin: k for k, twin in enumerate(twins.values())})
    there = set(order)
    used = tuple(n for n, twin in twins.items() if twin in there)
    made = {changed.get(n, n): r for n, r in recipes.items()} | {twins[n]: recipes[n] for n in used}
    return Recomputed(graph, made, order, used, sum(_cost(n, recipes) for n in used))


def _order(g: Graph, changed: Mapping[Node, Node], place: Mapping[Node, int]) -> tuple[Node, ...]:
    """The old order, each second run as late as it may be: before the first that reads it.

    Args:
        place: the second runs, and which stands before which.
    """
    order: dict[Node, None] = {}
    for old in g.nodes:
        n = changed.get(old, old)
        missing: set[Node] = set()
        todo = [n]
        while todo:
            for e in todo.pop().inputs:
                if e.node in place and e.node not in order and e.node not in missing:
                    missing.add(e.node)
                    todo.append(e.node)
        order |= dict.fromkeys(sorted(missing, key=place.__getitem__))
        order[n] = None
    return tuple(order)
