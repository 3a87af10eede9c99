"""The gradient as ordinary nodes, and what training changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mxtrain.base.errors import ConfigError
from mxtrain.base.types import TensorType
from mxtrain.graph import Entry, Graph, Node, Update, Vocabulary, apply, apply_node, rebuild, unique, variable

LOSS_SCALE = "loss_scale"
"""The state variable, 0-d, by which gradients are larger than they are, where a graph is made with one."""


def with_losses(g: Graph) -> Graph:
    """The graph with the loss of every output operator among its outputs, by the name of its head."""
    losses = [(e.node.name, e.node.op.loss(e.node)) for e in g.outputs if e.node.op is not None and e.node.op.loss]
    return replace(g, losses=(*g.losses, *losses))


def gradient(
    g: Graph,
    wrt: Sequence[str],
    *,
    vocabulary: Vocabulary,
    seeds: Mapping[Entry, Entry] | None = None,
    scaled: bool = False,
    pairs: bool = False,
) -> tuple[Graph, dict[str, Entry]]:
    """The graph with gradients of its losses, and which entry is the gradient of which variable.

    A head that is no loss has no gradient unless `seeds` gives it one. A variable that nothing differentiates reaches
    is left out of the result.

    Args:
        wrt: names of variables.
        vocabulary: the operators to make sums and zeros from.
        seeds: gradient flowing into an entry, for heads that are no losses.
        scaled: multiply what every loss gives by the variable LOSS_SCALE.
        pairs: sum gradients of one entry two by two, so that operators can take such sums in.

    Raises:
        ConfigError: if an operator without a gradient stands between a loss and a variable.
    """
    grads: dict[Entry, list[Entry]] = defaultdict(list)
    for e, seed in (seeds or {}).items():
        grads[e].append(seed)
    wanted = _leads_to(g, wrt)
    fresh = unique(n.name for n in g.nodes)
    scale = variable(LOSS_SCALE, TensorType(()), "state") if scaled else None
    starts = {e.node for e in g.outputs if e.node.op is not None and e.node.op.loss}

    def total(e: Entry) -> Entry | None:
        parts = grads.get(e, [])
        while len(parts) > 1:
            count = 2 if pairs else len(parts)
            params = vocabulary.add.params(num_args=count)
            parts[:count] = [apply_node(vocabulary.add, fresh(f"{e.name}_grad_sum"), parts[:count], params)[0]]
        return parts[0] if parts else None

    for node in reversed(g.nodes):
        if node.op is None or node not in wanted:
            continue
        dy = [total(Entry(node, i)) for i in range(node.output_count)]
        if not any(dy) and node not in starts:
            continue
        if node.op.gradient is None:
            raise ConfigError(f"{node.where} has no gradient, but stands between a loss and a parameter")
        for e, d in zip(node.inputs, node.op.gradient(node, dy), strict=True):
            if d is not None and e.node in wanted:
                if scale is not None and node in starts:
                    params = vocabulary.multiply.params()
                    d = apply_node(vocabulary.multiply, fresh(f"{e.name}_grad_scaled"), (d, scale), params)[0]
                grads[e].append(d)
    # Last layers first, however they are asked for: each gradient of a weight is computed when what it needs is there,
    # and frees it.
    asked = set(wrt)
    totals = {name: total(Entry(g.variables[name])) for name in reversed(g.variables) if name in asked}
    found = {name: d for name, d in totals.items() if d is not None}
    return replace(g, outputs=(*g.outputs, *found.values())), found


def _leads_to(g: Graph, wrt: Sequence[str]) -> set[Node]:
    """The nodes through which a gradient towards `wrt` flows."""
    names = set(wrt)
    reached: set[Node] = set()
    for n in g.nodes:
        if (n.op is None and n.name in names) or any(e.node in reached for e in n.inputs):
            reached.add(n)
    return reached


def auxiliary_updates(g: Graph) -> Graph:
    """The graph with the updates that its operators ask for in training (moving statistics)."""
    found = {u.variable: u.value for u in g.updates}
    for n in g.nodes:
        if n.op is None or n.op.updates is None:
            continue
        for i, value in n.op.updates(n).items():
            shared = found.get(n.inputs[i].node)
            found[n.inputs[i].node] = value if shared is None else _after(shared, n.inputs[i], value)
    return replace(g, updates=tuple(Update(v, value) for v, value in found.items()))


def _after(before: Entry, old: Entry, value: Entry) -> Entry:
    """The update `value`, of what the update `before` has made of `old`: operators that share a variable take turns."""
    inputs = tuple(before if e == old else e for e in value.node.inputs)
    return Entry(rebuild(value.node, inputs), value.index)


def zeros_for(g: Graph, names: Sequence[str], vocabulary: Vocabulary) -> dict[str, Entry]:
    """Gradients of variables that nothing reaches."""
    fresh = unique(n.name for n in g.nodes)
    return {n: apply(vocabulary.zeros_like, fresh(f"{n}_grad"), Entry(g.variables[n])) for n in names}
