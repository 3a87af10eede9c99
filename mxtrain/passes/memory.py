"""Memory planning: which bytes each entry lives in.

Entries become buffers (several entries where a kernel works in place or only looks), buffers get lifetimes, and
lifetimes get offsets in one block. Strategies are those of Chen et al., "MXNet", 2015: none, inplace, co-share, both;
recompute (recompute.py) is both, over a graph whose backward makes activations again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.device import align
from mxtrain.base.types import PLAIN
from mxtrain.graph import Entry, Graph, Node, Recipe

Strategy = Literal["none", "inplace", "co-share", "both", "recompute"]
Space = Literal["block", "persistent", "variable"]

REUSING = ("co-share", "both", "recompute")

RETRIES = 3
"""Packings that are tried after the first, while it is larger than what is alive at once."""


class Place(NamedTuple):
    """Where an entry lives.

    Args:
        space: ``block``: shared by plans, contents lost between runs; ``persistent``: kept while the store's version
            stands; ``variable``: storage of the variable called `name`.
        offset: bytes from its start.
    """

    space: Space
    offset: int = 0
    name: str = ""


@dataclass(frozen=True)
class MemoryPlan:
    """Places of all entries.

    Args:
        places: of every entry of every operator.
        scratch: offset in the block of each node's scratch.
        block: bytes of the block.
        persistent: bytes kept between runs, until another plan on the same memory packs.
        pack: nodes that depend on parameters alone: they run when the store has changed.
        steps: the other nodes, in order.
        copies: (entry, variable) to be copied at the end, where an update could not be written in place.
    """

    places: Mapping[Entry, Place]
    scratch: Mapping[Node, int]
    block: int
    persistent: int
    pack: tuple[Node, ...]
    steps: tuple[Node, ...]
    copies: tuple[tuple[Entry, str], ...] = ()


@dataclass
class _Buffer:
    """One piece of memory while it is being planned."""

    nbytes: int
    first: int
    last: int
    place: Place | None = None
    entries: list[Entry] = field(default_factory=list)


def plan_memory(
    g: Graph,
    recipes: Mapping[Node, Recipe],
    *,
    strategy: Strategy = "both",
    hoist: bool = True,
    fixed: Mapping[Entry, str] | None = None,
    order: Sequence[Node] | None = None,
) -> MemoryPlan:
    """Plan the memory of a graph with kernels chosen.

    Args:
        strategy: none gives each entry its own bytes; inplace shares where kernels allow; co-share reuses dead bytes.
        hoist: nodes that depend only on parameters, auxiliaries and constants keep their results between runs.
        fixed: outputs that must end in the storage of a variable (gradients).
        order: the nodes as they should run; default: as the graph lists them.
    """
    pack, steps = _split(order or g.nodes, on_parameters(g, fixed or ()) if hoist else set())
    targets: dict[Entry, str] = dict(fixed or {})
    for u in g.updates:
        targets.setdefault(u.value, u.variable.name)
    planner = _Planner(g, recipes, strategy, targets)
    planner.keep(g, pack, steps)
    for k, n in enumerate(pack):
        planner.visit(n, k - len(pack))
    for k, n in enumerate(steps):
        planner.visit(n, k)
    copies = tuple((e, name) for e, name in planner.all_targets(g, fixed) if planner.place_name(e) != name)
    for e in g.heads:
        planner.extend(e, len(steps))
    return planner.finish(pack, steps, copies)


def on_parameters(g: Graph, fixed: Iterable[Entry] = ()) -> set[Node]:
    """The nodes that depend on parameters, auxiliaries and constants alone, and these themselves.

    But for those that the graph changes, and what it changes them to.

    Args:
        fixed: entries that must be made in every run, since others change them where they lie (gradients).
    """
    moving = {n for u in g.updates for n in (u.variable, u.value.node)} | {e.node for e in fixed}
    still: set[Node] = set()
    for n in g.nodes:
        if n in moving:
            continue
        if n.op is None:
            if n.kind in ("parameter", "auxiliary", "constant"):
                still.add(n)
        elif n.inputs and not n.op.random and all(e.node in still for e in n.inputs):
            still.add(n)
    return still


def _split(order: Sequence[Node], still: set[Node]) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
    """(operators that are still, the others)."""
    nodes = [n for n in order if n.op is not None]
    return tuple(n for n in nodes if n in still), tuple(n for n in nodes if n not in still)


class _Planner:
    """Buffers of entries, built up in execution order."""

    def __init__(self, g: Graph, recipes: Mapping[Node, Recipe], strategy: Strategy, targets: dict[Entry, str]) -> None:
        self.recipes, self.strategy, self.targets = recipes, strategy, targets
        self.share = strategy in ("inplace", "both", "recompute")
        self.reuse = strategy in REUSING
        self.buffers: dict[Entry, _Buffer] = {}
        self.readers = dict(g.readers)  # reads still to come, per entry
        self.left: dict[int, int] = defaultdict(int)  # reads still to come, per buffer
        self.scratch: dict[Node, _Buffer] = {}
        self.kept: set[Entry] = set()
        self.variables = {n.name: n for n in g.nodes if n.op is None}
        self.reads_of: dict[str, int] = defaultdict(int)  # reads still to come of each variable
        for e, count in self.readers.items():
            if e.node.op is None:
                self.reads_of[e.node.name] += count

    def keep(self, g: Graph, pack: Sequence[Node], steps: Sequence[Node]) -> None:
        """Find what packs make for others than packs: it is kept between runs. The rest may share the block."""
        self.kept = {*g.heads, *(e for n in steps for e in n.inputs)}
        for n in reversed(pack):
            own = [Entry(n, i) for i in range(len(n.types))]
            if not self.reuse:
                self.kept.update(own)
            if self.recipes[n].view and own[0] in self.kept:
                self.kept.add(n.inputs[0])

    def visit(self, n: Node, at: int) -> None:
        """Give every output of the node a buffer; `at` < 0: before the steps, when parameters have changed."""
        recipe = self.recipes[n]
        taken: set[int] = set()
        for i, t in enumerate(n.types):
            e = Entry(n, i)
            b = (
                self._viewed(n, recipe, i)
                or self._target(n, recipe, e)
                or (self._inplace(n, recipe, e, taken) if at >= 0 else None)
            )
            if b is None:
                b = _Buffer(t.nbytes, at, at, Place("persistent") if at < 0 and e in self.kept else None)
            taken.add(id(b))
            b.entries.append(e)
            self.buffers[e] = b
            self.left[id(b)] += self.readers.get(e, 0)
        if recipe.scratch:
            self.scratch[n] = _Buffer(recipe.scratch, at, at)
        for e in n.inputs:
            if e.node.op is None:
                self.reads_of[e.node.name] -= 1
            else:
                b = self.buffers[e]
                self.left[id(b)] -= 1
                b.last = max(b.last, at)
        for i in range(len(n.types)):
            self.buffers[Entry(n, i)].last = max(self.buffers[Entry(n, i)].last, at)

    def _viewed(self, n: Node, recipe: Recipe, i: int) -> _Buffer | None:
        """The buffer of input 0, for a node that only looks at it."""
        if not recipe.view or i != 0:
            return None
        source = n.inputs[0]
        if source.node.op is not None:
            return self.buffers[source]
        b = _Buffer(n.types[0].nbytes, 0, 0, Place("variable", 0, source.node.name))
        # A view of a variable: the variable is read as long as the view is.
        self.reads_of[source.node.name] += self.readers.get(Entry(n, 0), 0)
        return b

    def _target(self, n: Node, recipe: Recipe, e: Entry) -> _Buffer | None:
        """The storage of the variable that the entry will be, if nobody needs the old value any more."""
        name = self.targets.get(e)
        if name is None or recipe.view:
            return None
        variable = self.variables.get(name)
        # Storage that no node of the graph reads, such as a gradient's, lies in C order.
        if e.type.layout != (variable.types[0].layout if variable is not None else PLAIN):
            return None
        if variable is not None:
            own = [i for i, x in enumerate(n.inputs) if x.node is variable]
            if any((i, e.index) not in recipe.inplace for i in own) or self.reads_of[name] > len(own):
                return None
        return _Buffer(e.type.nbytes, 0, 0, Place("variable", 0, name))

    def _inplace(self, n: Node, recipe: Recipe, e: Entry, taken: set[int]) -> _Buffer | None:
        """The buffer of an input that dies here, where the kernel can write over it."""
        if not self.share:
            return None
        for i, o in recipe.inplace:
            source = n.inputs[i]
            b = self.buffers.get(source)
            if o != e.index or b is None or b.place is not None or id(b) in taken:
                continue
            mine = sum(self.buffers.get(x) is b for x in n.inputs)
            others = [j for j, x in enumerate(n.inputs) if self.buffers.get(x) is b and (j, o) not in recipe.inplace]
            if self.left[id(b)] == mine and not others and b.nbytes >= e.type.nbytes:
                return b
        return None

    def all_targets(self, g: Graph, fixed: Mapping[Entry, str] | None) -> list[tuple[Entry, str]]:
        """(entry, variable) of every update and fixed entry."""
        return [*(fixed or {}).items(), *((u.value, u.variable.name) for u in g.updates)]

    def place_name(self, e: Entry) -> str | None:
        """The variable in whose storage the entry lies, if any."""
        if e.node.op is None:
            return e.node.name
        place = self.buffers[e].place
        return place.name if place is not None and place.space == "variable" else None

    def extend(self, e: Entry, at: int) -> None:
        """Keep an entry until step `at`."""
        if e in self.buffers:
            self.buffers[e].last = max(self.buffers[e].last, at)

    def finish(
        self, pack: tuple[Node, ...], steps: tuple[Node, ...], copies: tuple[tuple[Entry, str], ...]
    ) -> MemoryPlan:
        """Offsets for all buffers."""
        unique = {id(b): b for b in (*self.buffers.values(), *self.scratch.values())}
        kept = [b for b in unique.values() if b.place is not None and b.place.space == "persistent"]
        moving = [b for b in unique.values() if b.place is None]
        persistent = 0
        for b in kept:
            b.place = Place("persistent", persistent)
            persistent += align(b.nbytes)
        block = _offsets(moving, self.reuse)
        places = {e: b.place for e, b in self.buffers.items() if b.place is not None}
        scratch = {n: b.place.offset for n, b in self.scratch.items() if b.place is not None}
        return MemoryPlan(places, scratch, block, persistent, pack, steps, copies)


def _offsets(buffers: list[_Buffer], share: bool) -> int:
    """Give each buffer a place in the block, largest first, and again with those first that ended on top.

    Returns:
        Bytes of the block.
    """
    top = 0
    if not share:
        for b in buffers:
            b.place = Place("block", top)
            top += align(b.nbytes)
        return top
    order = sorted(buffers, key=lambda b: (-b.nbytes, b.first))
    least, best = _most_alive(order), _placed(order)
    tried = best
    for _ in range(RETRIES):
        if best.top <= least:
            break
        # What ended on top of all the others goes first.
        highest = [k for k, end in enumerate(tried.ends.tolist()) if end == tried.top]
        order = [order[k] for k in highest] + [b for k, b in enumerate(order) if k not in highest]
        tried = _placed(order)
        best = min(best, tried, key=lambda t: t.top)
    for b, offset in zip(best.order, best.starts.tolist(), strict=True):
        b.place = Place("block", offset)
    return best.top


class _Packing(NamedTuple):
    """Buffers in the order in which they were placed, and where each begins and ends."""

    order: list[_Buffer]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    top: int


def _placed(order: list[_Buffer]) -> _Packing:
    """Each at the lowest offset that is free during its whole life."""
    # Columns: first step, last step, offset, end, of the buffers placed so far.
    placed = np.empty((4, len(order)), np.int64)
    for k, b in enumerate(order):
        size = align(b.nbytes)
        alive = (placed[0, :k] <= b.last) & (placed[1, :k] >= b.first)
        offset = _lowest_gap(placed[2, :k][alive], placed[3, :k][alive], size) if size else 0
        placed[:, k] = (b.first, b.last, offset, offset + size)
    return _Packing(order, placed[2], placed[3], int(placed[3].max(initial=0)))


def _most_alive(buffers: list[_Buffer]) -> int:
    """The largest number of bytes that live at one step: no packing takes less."""
    # Steps before the first, of what is computed once, have negative numbers.
    begin = min((b.first for b in buffers), default=0)
    change = np.zeros(max((b.last for b in buffers), default=0) - begin + 2, np.int64)
    for b in buffers:
        change[b.first - begin] += align(b.nbytes)
        change[b.last - begin + 1] -= align(b.nbytes)
    return int(change.cumsum().max(initial=0))


def _lowest_gap(starts: NDArray[np.int64], ends: NDArray[np.int64], size: int) -> int:
    """The lowest offset at which `size` bytes touch none of the spans."""
    if not len(starts):
        return 0
    order = np.argsort(starts, kind="stable")
    reached = np.maximum.accumulate(ends[order])
    before = np.concatenate(([0], reached[:-1]))
    fits = starts[order] - before >= size
    found = int(np.argmax(fits))
    return int(before[found]) if fits[found] else int(reached[-1])
