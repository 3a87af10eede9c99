"""A checker of memory plans that knows nothing of the planner: it walks the steps and remembers what each byte is."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mxtrain.base.types import PLAIN, Layout
from mxtrain.graph import Entry, Node
from mxtrain.passes import Compiled

Range = tuple[str, int, int]
"""(memory, first byte, byte after the last)."""


class Bytes:
    """What every byte holds: the number of a value, 0 for none."""

    def __init__(self, compiled: Compiled) -> None:
        memory = compiled.memory
        self.compiled = compiled
        self.memories = {"block": np.zeros(memory.block, np.int64), "persistent": np.zeros(memory.persistent, np.int64)}
        self.values: dict[object, int] = {}

    def value(self, key: object) -> int:
        """The number of a value."""
        return self.values.setdefault(key, len(self.values) + 1)

    def layout(self, name: str) -> Layout:
        """How a variable lies; storage that is no variable of the graph is plain."""
        node = self.compiled.graph.variables.get(name)
        return node.types[0].layout if node else PLAIN

    def range(self, e: Entry) -> Range:
        """Where an entry lies."""
        if e.node.op is None:
            return e.node.name, 0, e.type.nbytes
        place = self.compiled.memory.places[e]
        name = place.name if place.space == "variable" else place.space
        return name, place.offset, place.offset + e.type.nbytes

    def at(self, r: Range) -> np.ndarray:
        """The bytes of a range; variables come into being at their first use."""
        name, start, stop = r
        if name not in ("block", "persistent") and len(self.memories.get(name, ())) < stop:
            old = self.memories.get(name, np.zeros(0, np.int64))
            self.memories[name] = np.concatenate([old, np.zeros(stop - len(old), np.int64)])
        return self.memories[name][start:stop]


def overlap(a: Range, b: Range) -> bool:
    """True if two ranges share a byte."""
    return a[0] == b[0] and a[1] < b[2] and b[1] < a[2]


def problems(compiled: Compiled, runs: int = 2) -> list[str]:
    """Every read of bytes that no longer hold what is read, every write over what the same step still reads."""
    state = Bytes(compiled)
    g, memory = compiled.graph, compiled.memory
    found: list[str] = []
    for run in range(runs):
        for n in g.nodes:
            if n.op is None:
                state.at(state.range(Entry(n)))[:] = state.value(("variable", n.name))
        held: dict[Entry, int] = {Entry(n): state.value(("variable", n.name)) for n in g.nodes if n.op is None}
        # A changed parameter makes the packs run again; without one they must last.
        packed = run if g.updates else 0
        for n in memory.pack:
            if packed == run:
                found += step_problems(state, n, held, ("pack", packed))
            else:
                held |= {Entry(n, i): source(state, Entry(n, i), held, ("pack", 0)) for i in range(n.output_count)}
        for n in memory.steps:
            found += step_problems(state, n, held, ("step", run))
        found += end_problems(state, held)
    return found


def source(state: Bytes, e: Entry, held: dict[Entry, int], when: object) -> int:
    """The value that an entry is: of its own, or that of the input which it only looks at."""
    if state.compiled.recipes[e.node].view and e.index == 0:
        return held[e.node.inputs[0]]
    return state.value((when, e))


def step_problems(state: Bytes, n: Node, held: dict[Entry, int], when: object) -> Iterator[str]:
    """Run one step on the bytes."""
    recipe = state.compiled.recipes[n]
    for e in n.inputs:
        if (state.at(state.range(e)) != held[e]).any():
            yield f"{n.name} reads {e.name}, which has been overwritten"
    outs = [Entry(n, i) for i in range(n.output_count)]
    if recipe.view:
        held[outs[0]] = source(state, outs[0], held, when)
        return
    ranges = [state.range(e) for e in outs]
    for e in outs:
        if (place := state.compiled.memory.places[e]).space == "variable" and e.type.layout != state.layout(place.name):
            yield f"{n.name} writes {place.name} in another axis order"
    for o, r in enumerate(ranges):
        for i, e in enumerate(n.inputs):
            mine = state.range(e)
            if overlap(mine, r) and ((i, o) not in recipe.inplace or mine[1] != r[1]):
                yield f"{n.name} writes its output {o} over its input {e.name}"
        if any(overlap(r, other) for other in ranges[:o]):
            yield f"{n.name} writes two outputs to one place"
    if n in state.compiled.memory.scratch:
        offset = state.compiled.memory.scratch[n]
        scratch = ("block", offset, offset + recipe.scratch)
        if any(overlap(scratch, r) for r in (*ranges, *map(state.range, n.inputs))):
            yield f"{n.name} has its scratch over its inputs or outputs"
        state.at(scratch)[:] = 0
    elif recipe.scratch:
        yield f"{n.name} has no scratch"
    for e, r in zip(outs, ranges, strict=True):
        held[e] = source(state, e, held, when)
        state.at(r)[:] = held[e]


def end_problems(state: Bytes, held: dict[Entry, int]) -> Iterator[str]:
    """What must be there after a run: copies' sources, every head, and the new value of every updated variable."""
    g, memory = state.compiled.graph, state.compiled.memory
    for e, name in memory.copies:
        if (state.at(state.range(e)) != held[e]).any():
            yield f"{e.name} is to be copied, but has been overwritten"
        state.at((name, 0, e.type.nbytes))[:] = held[e]
    for e in (*g.outputs, *(e for _, e in g.losses)):
        if e.node.op is not None and (state.at(state.range(e)) != held[e]).any():
            yield f"output {e.name} has been overwritten"
    for u in g.updates:
        if (state.at((u.variable.name, 0, u.value.type.nbytes)) != held[u.value]).any():
            yield f"{u.variable.name} does not hold its new value"
