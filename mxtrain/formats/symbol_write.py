"""Graph nodes as symbol JSON records, such as MXNet 1.9.1 writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from mxtrain.base.errors import FormatError
from mxtrain.base.random import STATE
from mxtrain.formats.mxnet_names import CANONICAL, INITIAL, output_count
from mxtrain.formats.op_attrs import write_attrs
from mxtrain.formats.symbol_json import VARIABLE, JsonEntry, JsonGraph, JsonNode
from mxtrain.graph import Entry, Node, Op, topological

MAX_EXPANSIONS = 10


def from_entries(entries: Sequence[Entry]) -> JsonGraph:
    """The graph below `entries` as MXNet writes it: names, attributes, inputs, auxiliary states last.

    An operator that MXNet lacks is written as its expansion, under its own name where that is one node.

    Raises:
        FormatError: naming a node, or a parameter's value, that MXNet has no word for.
    """
    heads = _expanded(tuple(entries))
    order = topological(heads)
    numbers: dict[Node, int] = {}
    nodes: list[JsonNode] = []
    row_ptr = [0]
    initial = _initial(order)
    for node in order:
        if node.op is None and node.kind == "state" and node.name == STATE:
            continue  # what keys random operators is ours: MXNet has no such input
        made = _records(node, numbers, len(nodes), initial)
        nodes += made
        numbers[node] = len(nodes) - 1
        row_ptr += [row_ptr[-1] + i + 1 for i in range(len(made) - 1)]
        row_ptr.append(row_ptr[-1] + _outputs(node))
    twice = [name for name, n in Counter(n.name for n in nodes if n.op == VARIABLE).items() if n > 1]
    if twice:
        raise FormatError(f"variables with the same name cannot be written: {', '.join(twice[:5])}")
    return JsonGraph(tuple(nodes), tuple(_entry(e, numbers) for e in heads), tuple(row_ptr))


def mxnet_name(op: Op) -> str | None:
    """The name that is written for an operator, or None if MXNet has none."""
    return CANONICAL.get(op.name) or (op.mxnet[0] if op.mxnet else None)


def _records(node: Node, numbers: dict[Node, int], first: int, initial: dict[Node, str]) -> list[JsonNode]:
    """The records of one node, its own one last."""
    if node.op is None:
        attrs = dict(node.attrs)
        if node in initial:
            attrs.setdefault("__init__", initial[node])
        return [JsonNode(VARIABLE, node.name, attrs)]
    inputs = tuple(_entry(e, numbers, name in node.op.auxiliary) for e, name in _named(node))
    rewritten = _activation(node, inputs, first) if node.op.name == "activation" else []
    if rewritten:
        return rewritten
    name = mxnet_name(node.op)
    if name is None:
        raise FormatError(f"{node.where}: MXNet has no such operator, and it has no expansion into others")
    attrs = {**node.attrs, **write_attrs(node.op, node.params, node.where)}
    return [JsonNode(name, node.name, attrs, inputs)]


def _activation(node: Node, inputs: tuple[JsonEntry, ...], first: int) -> list[JsonNode]:
    """Activations that MXNet keeps elsewhere: gelu is a LeakyReLU, silu is x * sigmoid(x)."""
    attrs, kind = dict(node.attrs), node.params.act_type
    if kind == "gelu":
        return [JsonNode("LeakyReLU", node.name, {**attrs, "act_type": "gelu"}, inputs)]
    if kind == "silu":
        gate = JsonNode("sigmoid", f"{node.name}_sigmoid", attrs, inputs)
        return [gate, JsonNode("elemwise_mul", node.name, attrs, (inputs[0], JsonEntry(first)))]
    return []


def _named(node: Node) -> list[tuple[Entry, str]]:
    return [(e, name) for e, name in zip(node.inputs, node.input_names, strict=True) if name != STATE]


def _entry(entry: Entry, numbers: dict[Node, int], auxiliary: bool = False) -> JsonEntry:
    op = entry.node.op
    if op is not None and entry.index >= op.visible_outputs(entry.node.params):
        raise FormatError(f"{entry.node.where}: output {entry.name!r} is hidden: MXNet cannot name it")
    return JsonEntry(numbers[entry.node], entry.index, int(auxiliary))


def _initial(order: Sequence[Node]) -> dict[Node, str]:
    """``__init__`` of the variables to which MXNet gives one when it composes."""
    result: dict[Node, str] = {}
    for node in order:
        for e, name in _named(node) if node.op else ():
            if node.op and e.node.op is None and (node.op.name, name) in INITIAL:
                result[e.node] = INITIAL[node.op.name, name]
    return result


def _outputs(node: Node) -> int:
    if node.op is None:
        return 1
    return output_count(node.op.name, node.params, node.op.visible_outputs(node.params))


def _expanded(heads: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """The same over operators that MXNet has, as far as expansions give them."""
    for _ in range(MAX_EXPANSIONS):
        order = topological(heads)
        if all(n.op is None or n.op.expand is None or mxnet_name(n.op) for n in order):
            return heads
        new: dict[Entry, Any] = {}
        for node in order:
            inputs = tuple(new.get(e, e) for e in node.inputs)
            kept = node if inputs == node.inputs else replace(node, inputs=inputs)
            outs: Sequence[Entry] = [Entry(kept, i) for i in range(node.output_count)]
            if node.op is not None and node.op.expand is not None and not mxnet_name(node.op):
                outs = _renamed(node.name, node.op.expand(kept), inputs)
            new.update({Entry(node, i): e for i, e in enumerate(outs)})
        heads = tuple(new[e] for e in heads)
    return heads


def _renamed(name: str, outs: Sequence[Entry], inputs: tuple[Entry, ...]) -> Sequence[Entry]:
    """The outputs of an expansion, the node behind them called as the one it replaces, so that outputs keep names."""
    last = {e.node for e in outs}
    if len(last) != 1 or outs[0].node in {e.node for e in inputs}:
        return outs
    node = replace(last.pop(), name=name)
    return [Entry(node, e.index) for e in outs]
