"""Layouts: spatial operators ask for channels-last, pointwise ones follow, everything else is plain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mxtrain.base.types import CHANNELS_LAST, PLAIN, Layout, TensorType
from mxtrain.graph import Entry, Graph, Node, Vocabulary, unique


def set_layouts(g: Graph, *, vocabulary: Vocabulary) -> Graph:
    """The graph with a layout in every type, and reorders where producer and reader disagree.

    Inputs that only spatial operators read are channels-last themselves: whoever fills them writes them so.
    """
    made: dict[tuple[Entry, Layout], Entry] = {}
    fresh = unique(n.name for n in g.nodes)
    new: dict[Entry, Entry] = {}

    def convert(e: Entry, layout: Layout) -> Entry:
        if e.type.layout == layout or not _spatial(e.type):
            return e
        if (e, layout) not in made:
            op = vocabulary.reorder
            t = e.type._replace(layout=layout)
            made[e, layout] = Entry(Node(op, fresh(f"{e.name}_{layout}"), (e,), op.params(), (t,)))
        return made[e, layout]

    wanted = _inputs_wanted(g)
    for n in g.nodes:
        if n.op is None:
            variable = replace(n, types=(n.types[0]._replace(layout=CHANNELS_LAST),)) if n in wanted else n
            new[Entry(n)] = Entry(variable)
            continue
        inputs = [new[e] for e in n.inputs]
        layout = _chosen(n, inputs)
        flat = n.op.flat
        ins = [convert(e, PLAIN if name in flat else layout) for name, e in zip(n.input_names, inputs, strict=True)]
        names = n.op.output_names(n.params)
        types = tuple(
            t._replace(layout=layout) if _spatial(t) and name not in flat else t
            for name, t in zip(names, n.types, strict=True)
        )
        kept = replace(n, inputs=tuple(ins), types=types)
        new |= {Entry(n, i): Entry(kept, i) for i in range(n.output_count)}
    updates = tuple(
        u._replace(variable=new[Entry(u.variable)].node, value=convert(new[u.value], u.variable.types[0].layout))
        for u in g.updates
    )
    return replace(
        g,
        outputs=tuple(new[e] for e in g.outputs),
        losses=tuple((name, new[e]) for name, e in g.losses),
        updates=updates,
    )


def _spatial(t: TensorType) -> bool:
    """True if the type has spatial axes, so that layouts differ."""
    return len(t.shape) >= 3 and not t.layout.opaque


def _chosen(n: Node, inputs: Sequence[Entry]) -> Layout:
    """The layout in which a node computes."""
    if n.op is None or n.op.layout == "plain":
        return PLAIN
    if n.op.layout == "spatial":
        return CHANNELS_LAST
    flat = n.op.flat
    asked = [e for e, name in zip(inputs, n.input_names, strict=True) if name not in flat and e.type.shape != ()]
    given = [t for t, name in zip(n.types, n.op.output_names(n.params), strict=True) if name not in flat]
    if len({len(t.shape) for t in (*(e.type for e in asked), *given)}) > 1:
        return PLAIN
    return CHANNELS_LAST if any(e.type.layout == CHANNELS_LAST for e in asked) else PLAIN


def _inputs_wanted(g: Graph) -> set[Node]:
    """Input variables with spatial axes, read by spatial operators alone."""
    wanted: set[Node] = set()
    refused: set[Node] = {e.node for e in g.heads}
    for n in g.nodes:
        for name, e in zip(n.input_names, n.inputs, strict=True):
            if e.node.op is None and e.node.kind == "input" and _spatial(e.type):
                spatial = n.op is not None and n.op.layout == "spatial" and name not in n.op.flat
                (wanted if spatial else refused).add(e.node)
    return wanted - refused
