"""Type inference: a Symbol's entries become a Graph. Partial knowledge is completed in both directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mxtrain.base.errors import ShapeError
from mxtrain.base.types import UNKNOWN, PartialType, TensorType, merge
from mxtrain.graph import Entry, Graph, Node, infer, topological


def infer_partial(
    heads: Sequence[Entry], known: Mapping[str, PartialType]
) -> tuple[dict[Entry, PartialType], tuple[Node, ...]]:
    """All that can be said of every entry, by going over the nodes until nothing changes.

    Raises:
        ShapeError: naming the node, the argument, what was expected and what came.
    """
    nodes = topological(heads)
    types: dict[Entry, PartialType] = {}
    for n in nodes:
        for i in range(n.output_count):
            types[Entry(n, i)] = known.get(n.name, UNKNOWN) if n.op is None else UNKNOWN
        if n.op is None and n.types:
            types[Entry(n)] = merge(types[Entry(n)], PartialType(n.types[0].shape, n.types[0].dtype))
    waiting = [n for n in nodes if n.op is not None]
    backwards = False
    while waiting:
        changed: set[Entry] = set()
        for n in reversed(waiting) if backwards else waiting:
            if n.op is None:
                continue
            mine = [Entry(n, i) for i in range(n.output_count)]
            ins, outs = infer(n.op, n.params, [types[e] for e in n.inputs], [types[e] for e in mine], n.where)
            for e, t in zip((*n.inputs, *mine), (*ins, *outs), strict=True):
                # An entry may be two inputs of one node, each telling half.
                t = merge(types[e], t)
                if t != types[e]:
                    types[e] = t
                    changed.add(e)
        if not changed:
            break
        touched = {e.node for e in changed}
        waiting = [n for n in nodes if n.op is not None and (n in touched or any(e in changed for e in n.inputs))]
        backwards = not backwards
    return types, nodes


def infer_types(heads: Sequence[Entry], known: Mapping[str, TensorType] | Mapping[str, PartialType]) -> Graph:
    """The typed graph of a symbol's heads.

    Args:
        known: types of variables by name, as far as they are known. A dtype that nothing says is float32.

    Raises:
        ShapeError: if types contradict each other, or one cannot be inferred: all such variables are named.
    """
    given = {k: PartialType(t.shape, t.dtype) for k, t in known.items()}
    types, nodes = infer_partial(heads, given)
    if any(t.dtype is None for t in types.values()):
        floats = {
            n.name: PartialType(types[Entry(n)].shape, types[Entry(n)].dtype or "float32")
            for n in nodes
            if n.op is None
        }
        types, nodes = infer_partial(heads, floats)
    missing = [e for e, t in types.items() if not t.complete]
    if missing:
        raise ShapeError(_missing_text(missing, types))
    new: dict[Node, Node] = {}
    for n in nodes:
        complete = []
        for i in range(n.output_count):
            shape, dtype = types[Entry(n, i)]
            complete.append(TensorType(tuple(d for d in shape or () if d is not None), dtype or "float32"))
        inputs = tuple(Entry(new[e.node], e.index) for e in n.inputs)
        new[n] = replace(n, inputs=inputs, types=tuple(complete))
    return Graph(tuple(Entry(new[e.node], e.index) for e in heads)).check()


def _missing_text(missing: Sequence[Entry], types: Mapping[Entry, PartialType]) -> str:
    variables = [e for e in missing if e.node.op is None]
    if variables:
        names = ", ".join(f"{e.node.name!r} ({types[e]})" for e in variables[:8])
        return f"the shape of {names} cannot be inferred; give the shape of an input that decides it"
    first = missing[0]
    return f"{first.node.where}: the type of {first.name!r} ({types[first]}) cannot be inferred"
