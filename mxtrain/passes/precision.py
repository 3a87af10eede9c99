"""Mixed precision: operators with kernels for a narrow type compute in it; statistics, losses and masters stay wide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mxtrain.base.types import PLAIN, TensorType
from mxtrain.graph import Entry, Graph, Node, Vocabulary, rebuild, unique

WIDE = "float32"


def set_precision(g: Graph, dtype: str, *, vocabulary: Vocabulary) -> Graph:
    """The graph with `dtype` (bfloat16 or float16) in place of float32 wherever the operators' traits allow it.

    Graph outputs, losses and updates keep the type they had.
    """
    if dtype == WIDE:
        return g
    made: dict[tuple[Entry, str], Entry] = {}
    fresh = unique(n.name for n in g.nodes)

    def cast(e: Entry, to: str) -> Entry:
        if e.type.dtype == to:
            return e
        if (e, to) not in made:
            t = TensorType(e.type.shape, to, PLAIN)
            op = vocabulary.reorder
            node = Node(op, fresh(f"{e.name}_{to}"), (e,), op.params(), (t,))
            made[e, to] = Entry(node)
        return made[e, to]

    def change(node: Node, inputs: tuple[Entry, ...]) -> Sequence[Entry] | None:
        if node.op is None:
            return None
        narrow = node.op.precision == "narrow"
        if node.op.precision == "follow":
            narrow = any(e.type.dtype == dtype for e in inputs)
        cast_inputs = []
        for name, e in zip(node.input_names, inputs, strict=True):
            want = dtype if narrow and name not in node.op.wide else WIDE
            cast_inputs.append(cast(e, want) if e.type.dtype in (WIDE, dtype) else e)
        fresh_node = rebuild(node, cast_inputs)
        return [Entry(fresh_node, i) for i in range(node.output_count)]

    new = g.rewrite(change)
    outputs = tuple(cast(e, old.type.dtype) for e, old in zip(new.outputs, g.outputs, strict=True))
    losses = tuple((n, cast(e, old[1].type.dtype)) for (n, e), old in zip(new.losses, g.losses, strict=True))
    updates = tuple(
        u._replace(value=cast(u.value, old.value.type.dtype)) for u, old in zip(new.updates, g.updates, strict=True)
    )
    return replace(new, outputs=outputs, losses=losses, updates=updates)
