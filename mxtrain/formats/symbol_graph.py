"""Symbol JSON records as graph nodes, and back.

Reading applies MXNet's upgrades (src/nnvm/legacy_json_util.cc), so a graph of any version comes out as one of today.

The file does not say what a variable is for; its place does. It is *auxiliary* if an operator declares that input so;
else a *parameter* if it feeds an input called weight, bias, gamma or beta, or any input but the first that does not
bring data (labels, indices) and is not one of many alike (concat), or has multipliers of its own, as all parameters of
Gluon have, wherever they lead; else an *input*. What a layer with a weight takes as its data is an input all the same.
Names of variables count for nothing. Whoever has the arrays of a
checkpoint knows better and passes `kinds`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mxtrain import ops
from mxtrain.base.errors import ConfigError, FormatError
from mxtrain.base.random import STATE, STATE_DTYPE, STATE_SHAPE
from mxtrain.base.types import TensorType
from mxtrain.formats.mxnet_names import DATA_INPUTS, HIDDEN, INITIAL, is_hidden, our_name
from mxtrain.formats.old_attrs import modern
from mxtrain.formats.op_attrs import read_attrs
from mxtrain.formats.symbol_advice import unknown_operators
from mxtrain.formats.symbol_json import VARIABLE, JsonEntry, JsonGraph, JsonNode
from mxtrain.formats.symbol_layout import layout_of, with_channels_last
from mxtrain.graph import Entry, Kind, Node, Op, unique

ROLES = frozenset({"weight", "bias", "gamma", "beta"})
LEARNT = frozenset({"__lr_mult__", "__wd_mult__"})
MAX_PROBLEMS = 20
IMPLICIT_AUXILIARY, INPUT_DEFAULTS = 900, 904


@dataclass
class _Draft:
    """A node that is being made.

    Args:
        node: as the file has it.
        op: None for a variable.
        params: the operator's.
        attrs: what the node will keep.
        implicit: variables of inputs that the file leaves out.
        kind: of a variable.
        layout: of a layer whose channels come last.
        fed: a variable that a layer with parameters of its own takes as its data.
    """

    node: JsonNode
    op: Op | None = None
    params: Any = None
    attrs: dict[str, str] = field(default_factory=dict)
    implicit: list[_Draft] = field(default_factory=list)
    kind: Kind = "input"
    layout: str | None = None
    fed: bool = False


def to_entries(
    graph: JsonGraph, *, get: Callable[[str], Op] = ops.get, kinds: Mapping[str, Kind] | None = None
) -> tuple[Entry, ...]:
    """The heads of a symbol file, over untyped nodes. Control dependencies have no meaning in a pure graph.

    Args:
        graph: the records.
        get: our operator by name; ConfigError if there is none.
        kinds: what variables are for, by name, where that is known.

    Raises:
        FormatError: every unknown operator and attribute, by node.
    """
    drafts: list[_Draft] = []
    problems: list[str] = []
    for node in graph.nodes:
        drafts.append(_draft(node, graph.version, drafts, get, problems))
    _check_names(drafts, problems)
    for draft in drafts:
        problems += _connect(draft, drafts, graph.version)
    for draft in drafts:
        if draft.fed and draft.kind == "parameter" and not draft.attrs.keys() >= LEARNT:
            draft.kind = "input"
    for i, head in enumerate(graph.heads):
        problems += _check_entry(head, drafts, f"head {i}")
    problems[:0] = unknown_operators(d.node for d in drafts if d.op is None)
    if problems:
        more = [f"{graph.source}: and {len(problems) - MAX_PROBLEMS} more"] if len(problems) > MAX_PROBLEMS else []
        raise FormatError("\n".join([f"{graph.source}: {p}" for p in problems[:MAX_PROBLEMS]] + more))
    nodes = _nodes(drafts, kinds or {}, get)
    return tuple(Entry(nodes[h.node], h.output) for h in graph.heads)


def _draft(
    node: JsonNode, version: int, drafts: Sequence[_Draft], get: Callable[[str], Op], problems: list[str]
) -> _Draft:
    draft = _Draft(node, attrs=dict(node.attrs))
    if node.op == VARIABLE:
        for key in HIDDEN:
            if key in draft.attrs:
                draft.attrs[f"__{key}__"] = draft.attrs.pop(key)
        draft.kind = "parameter" if draft.attrs.keys() >= LEARNT else "input"
        return draft
    where = f"{node.op} {node.name!r}"
    try:
        name = our_name(node.op)
        draft.op = get(name) if name else None
    except ConfigError:
        draft.op = None
    if draft.op is None:
        return draft
    attrs = modern(node.op, node.attrs, version)
    draft.layout = layout_of(node.op, attrs)
    if draft.layout:
        del attrs["layout"]
    found = read_attrs(draft.op, attrs, len(node.inputs))
    problems += [f"{where}: {p}" for p in found.problems]
    draft.params, draft.attrs = found.params, found.foreign
    if draft.params is not None:
        _move_hidden(draft, drafts)
    return draft


def _move_hidden(draft: _Draft, drafts: Sequence[_Draft]) -> None:
    """``lr_mult`` becomes ``__lr_mult__``; ``weight_lr_mult`` becomes ``__lr_mult__`` of the weight, if a variable."""
    names = draft.op.input_names(draft.params) if draft.op else ()
    for key in [k for k in draft.attrs if not k.startswith("__") and is_hidden(k)]:
        hidden = next(h for h in HIDDEN if key.endswith(h))
        if key == hidden:
            draft.attrs[f"__{hidden}__"] = draft.attrs.pop(key)
            continue
        name = key.removesuffix(hidden).removesuffix("_")
        index = names.index(name) if name in names else len(draft.node.inputs)
        if index < len(draft.node.inputs) and drafts[draft.node.inputs[index].node].op is None:
            target = drafts[draft.node.inputs[index].node]
            if target.node.op == VARIABLE:
                target.attrs[f"__{hidden}__"] = draft.attrs.pop(key)


def _check_names(drafts: Sequence[_Draft], problems: list[str]) -> None:
    count = Counter(d.node.name for d in drafts if d.node.op == VARIABLE)
    problems += [f"{n} variables are called {name!r}; expected one" for name, n in count.items() if n > 1]


def _connect(draft: _Draft, drafts: Sequence[_Draft], version: int) -> list[str]:
    """Check a node's inputs, add those that old files leave out, and note what its variables are for."""
    node, op = draft.node, draft.op
    if op is None or draft.params is None:
        return []
    where = f"{node.op} {node.name!r}"
    names = tuple(n for n in op.input_names(draft.params) if n != STATE)
    missing = names[len(node.inputs) :]
    if missing and version < IMPLICIT_AUXILIARY and not op.variadic:
        attrs = dict(node.attrs)
        draft.implicit = [_Draft(JsonNode(VARIABLE, f"{node.name}_{n}"), attrs=dict(attrs)) for n in missing]
    elif len(names) != len(node.inputs):
        return [f"{where}: expected {len(names)} inputs ({', '.join(names)}), got {len(node.inputs)}"]
    problems = []
    for i, e in enumerate(node.inputs):
        problems += _check_entry(e, drafts, f"{where}: input {names[i]!r}")
    readers = [*(drafts[e.node] for e in node.inputs), *draft.implicit]
    for i, (name, source) in enumerate(zip(names, readers, strict=True)):
        if source.node.op != VARIABLE:
            continue
        source.kind = _kind(op, i, name, source.kind)
        source.fed |= name == "data" and not ROLES.isdisjoint(names)
        if version < INPUT_DEFAULTS and (op.name, name) in INITIAL:
            source.attrs.setdefault("__init__", INITIAL[op.name, name])
    return problems


def _kind(op: Op, index: int, name: str, known: Kind) -> Kind:
    if name in op.auxiliary or known == "auxiliary":
        return "auxiliary"
    later = index > 0 and not op.variadic and name not in DATA_INPUTS
    return "parameter" if name in ROLES or later else known


def _check_entry(entry: JsonEntry, drafts: Sequence[_Draft], where: str) -> list[str]:
    draft = drafts[entry.node]
    if draft.op is None or draft.params is None:
        count = 1 if draft.node.op == VARIABLE else entry.output + 1
    else:
        count = draft.op.visible_outputs(draft.params)
    if entry.output < count:
        return []
    more = "; mean, var and mask, which MXNet can show too, are not read" if draft.op else ""
    return [f"{where}: expected an output of {draft.node.name!r} before {count}, got {entry.output}{more}"]


def _nodes(drafts: Sequence[_Draft], kinds: Mapping[str, Kind], get: Callable[[str], Op]) -> list[Node]:
    variables = [d for d in drafts if d.op is None] + [v for d in drafts for v in d.implicit]
    taken = [d.node.name for d in variables]
    fresh = unique(taken)

    def variable(draft: _Draft, name: str) -> Node:
        return Node(None, name, kind=kinds.get(name, draft.kind), attrs=draft.attrs)

    random = Node(None, STATE, types=(TensorType(STATE_SHAPE, STATE_DTYPE),), kind="state")
    nodes: list[Node] = []
    for draft in drafts:
        if draft.op is None:
            nodes.append(variable(draft, draft.node.name))
            continue
        inputs = [Entry(nodes[e.node], e.output) for e in draft.node.inputs]
        inputs += [Entry(variable(v, v.node.name)) for v in draft.implicit]
        if draft.params is not None and STATE in draft.op.input_names(draft.params):
            # What keys random operators is ours: MXNet has no such input.
            inputs.insert(draft.op.input_names(draft.params).index(STATE), Entry(random))
        name = fresh(draft.node.name)
        made = Node(draft.op, name, tuple(inputs), draft.params, attrs=draft.attrs)
        nodes.append(with_channels_last(made, draft.layout, get("transpose"), fresh) if draft.layout else made)
    return nodes
