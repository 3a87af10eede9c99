"""Graph: typed, immutable. What is computed (outputs), and what changes (updates)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from mxtrain.base.errors import ShapeError
from mxtrain.base.types import partial
from mxtrain.graph.node import Entry, Node, infer


class Update(NamedTuple):
    """After a run, the variable holds the value. Kernels never write their inputs: this is all that changes."""

    variable: Node
    value: Entry


def topological(heads: Iterable[Entry]) -> tuple[Node, ...]:
    """Every node that the heads need, inputs first, each once, in depth-first post-order (MXNet's)."""
    order: dict[Node, None] = {}
    stack = [(e.node, False) for e in reversed(list(heads))]
    while stack:
        node, done = stack.pop()
        if node in order:
            continue
        if done:
            order[node] = None
            continue
        stack.append((node, True))
        stack += [(e.node, False) for e in reversed(node.inputs) if e.node not in order]
    return tuple(order)


@dataclass(frozen=True, eq=False)
class Graph:
    """A typed graph.

    Args:
        outputs: what is asked for, in order.
        updates: what changes.
        losses: scalar entries that are differentiated and shown, by the name of their head.
    """

    outputs: tuple[Entry, ...]
    updates: tuple[Update, ...] = ()
    losses: tuple[tuple[str, Entry], ...] = ()

    @cached_property
    def heads(self) -> tuple[Entry, ...]:
        """Every entry that must be there at the end."""
        return (*self.outputs, *(e for _, e in self.losses), *(u.value for u in self.updates))

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every node, inputs first."""
        updated = [Entry(u.variable) for u in self.updates]
        return topological((*self.heads, *updated))

    @cached_property
    def variables(self) -> dict[str, Node]:
        """Variables by name, in topological order."""
        return {n.name: n for n in self.nodes if n.op is None}

    @cached_property
    def readers(self) -> Counter[Entry]:
        """How often each entry is read, by nodes and by the graph's heads."""
        count: Counter[Entry] = Counter()
        for n in self.nodes:
            count.update(n.inputs)
        count.update(self.heads)
        return count

    def rewrite(self, change: Callable[[Node, tuple[Entry, ...]], Sequence[Entry] | None]) -> Graph:
        """The graph with each operator node replaced, inputs first.

        Args:
            change: ``(old node, its new inputs) -> one entry per output``, or None to keep the node as it is (over its
                new inputs, without typing it again: they must have the same types).
        """
        new: dict[Entry, Entry] = {}
        for node in self.nodes:
            if node.op is None:
                new[Entry(node)] = Entry(node)
                continue
            inputs = tuple(new[e] for e in node.inputs)
            outs = change(node, inputs)
            if outs is None:
                kept = node if inputs == node.inputs else replace(node, inputs=inputs)
                outs = [Entry(kept, i) for i in range(node.output_count)]
            for i, e in enumerate(outs):
                new[Entry(node, i)] = e
        return self.mapped(new)

    def mapped(self, new: dict[Entry, Entry]) -> Graph:
        """The graph with its heads replaced by what stands in `new`."""
        return replace(
            self,
            outputs=tuple(new[e] for e in self.outputs),
            losses=tuple((n, new[e]) for n, e in self.losses),
            updates=tuple(Update(new[Entry(u.variable)].node, new[u.value]) for u in self.updates),
        )

    def check(self) -> Graph:
        """Verify the graph and return it. A failure is a bug of the pass that made it.

        Raises:
            ShapeError: naming the node whose types are missing or not those its operator infers.
        """
        names: Counter[str] = Counter()
        for n in self.nodes:
            names[n.name] += 1
            if len(n.types) != n.output_count:
                raise ShapeError(f"{n.where}: has {n.output_count} outputs and {len(n.types)} types")
            if n.op is None:
                if n.kind is None:
                    raise ShapeError(f"{n.where}: a variable without a kind")
                continue
            if len(n.inputs) != len(n.input_names):
                raise ShapeError(f"{n.where}: takes {n.input_names}, got {len(n.inputs)} inputs")
            visible = [i for i, t in enumerate(n.types) if not t.layout.opaque]
            ins = [partial(e.type) for e in n.inputs]
            outs = [partial(t) for t in n.types]
            if len(visible) == len(n.types) and not any(e.type.layout.opaque for e in n.inputs):
                infer(n.op, n.params, ins, outs, n.where)
        twice = [name for name, k in names.items() if k > 1]
        if twice:
            raise ShapeError(f"nodes with the same name: {', '.join(twice[:5])}")
        for u in self.updates:
            if u.variable.op is not None or u.variable.kind in ("input", "constant"):
                raise ShapeError(f"{u.variable.where}: only a parameter, auxiliary or state variable can be updated")
            if u.variable.types[0][:2] != u.value.type[:2]:
                raise ShapeError(f"{u.variable.where}: updated with {u.value.type}, must be {u.variable.types[0]}")
        return self


def unique(taken: Iterable[str]) -> Callable[[str], str]:
    """A function that makes a name unlike all taken and all it has given: NAME, NAME_1, NAME_2..."""
    used = set(taken)

    def fresh(name: str) -> str:
        candidate, k = name, 0
        while candidate in used:
            k += 1
            candidate = f"{name}_{k}"
        used.add(candidate)
        return candidate

    return fresh
