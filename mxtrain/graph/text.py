"""Graphs as text: one line per node, for golden tests and for people."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from mxtrain.graph.graph import Graph
from mxtrain.graph.node import Entry, Node


def params_text(params: Any) -> str:
    """Declared parameters that differ from their defaults, ``key=value`` each."""
    if params is None:
        return ""
    parts = []
    for f in fields(params):
        value = getattr(params, f.name)
        default = getattr(f.default, "default", f.default)
        if value != default:
            parts.append(f"{f.name}={value}")
    return ", ".join(parts)


def entry_text(e: Entry) -> str:
    """``name``, or ``name.output`` where it is not the first output."""
    if e.index == 0 or e.node.op is None:
        return e.node.name
    return f"{e.node.name}.{e.node.op.output_names(e.node.params)[e.index]}"


def node_text(n: Node) -> str:
    """One line that says all of a node."""
    types = "; ".join(str(t) for t in n.types)
    if n.op is None:
        return f"{n.name}: {n.kind} {types}"
    args = ", ".join(entry_text(e) for e in n.inputs)
    params = params_text(n.params)
    return f"{n.name} = {n.op.name}({args}{' | ' + params if params else ''}) -> {types}"


def graph_text(g: Graph) -> str:
    """The whole graph, inputs first."""
    lines = [node_text(n) for n in g.nodes]
    lines += [f"output {entry_text(e)}" for e in g.outputs]
    lines += [f"loss {name}: {entry_text(e)}" for name, e in g.losses]
    lines += [f"update {u.variable.name} <- {entry_text(u.value)}" for u in g.updates]
    return "\n".join(lines) + "\n"
