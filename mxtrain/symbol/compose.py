"""Operators applied to entries: inputs by place and name, missing ones made as variables; what variables are for."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mxtrain.base.errors import ConfigError
from mxtrain.base.types import TensorType
from mxtrain.config.check import Problem, check
from mxtrain.formats.mxnet_names import DATA_INPUTS
from mxtrain.formats.symbol_graph import ROLES
from mxtrain.graph import Entry, Kind, Node, Op, topological

RANDOM_STATE = "random_state"
RANDOM = Node(None, RANDOM_STATE, types=(TensorType((5,), "uint32"),), kind="state")
"""The one variable that keys every random operator. Nodes never change, so all nets may hold the same."""


@dataclass(frozen=True)
class Applied:
    """How an operator is applied.

    Args:
        name: of the new node.
        attrs: attributes that are no parameters.
        source: where the user wrote it.
    """

    name: str
    attrs: Mapping[str, str] = field(default_factory=dict)
    source: str = ""


def compose(op: Op, params: Any, inputs: Sequence[Entry], named: Mapping[str, Entry], how: Applied) -> Node:
    """A new untyped node. Inputs that are not given become variables called NAME_INPUT.

    Args:
        inputs: by place.
        named: by the name of the input.

    Raises:
        ConfigError: if there are too many inputs, one that the operator lacks, or one twice.
    """
    names = op.input_names(params)
    where = f"{op.name} {how.name!r}"
    if len(inputs) > len(names):
        raise ConfigError(f"{where}: takes {len(names)} inputs ({', '.join(names)}), got {len(inputs)}")
    given = dict(zip(names, inputs, strict=False))
    problems = []
    for name, entry in named.items():
        if name not in names:
            problems.append(f"{where}: has no input {name!r}{nearest(name, names)}")
        elif name in given:
            problems.append(f"{where}: input {name!r} is given twice, by place and by name")
        else:
            given[name] = entry
    if problems:
        raise ConfigError(problems)
    entries = tuple(given.get(name) or missing(op, i, name, how) for i, name in enumerate(names))
    return Node(op, how.name, entries, params, attrs=dict(how.attrs), source=how.source)


def missing(op: Op, index: int, name: str, how: Applied) -> Entry:
    """The variable of an input that was not given."""
    if name == RANDOM_STATE:
        return Entry(RANDOM)
    return Entry(Node(None, f"{how.name}_{name}", kind=variable_kind(op, index, name), source=how.source))


def variable_kind(op: Op, index: int, name: str) -> Kind:
    """What a variable is for, told by the input that it feeds, as formats/symbol_graph.py tells it."""
    if name in op.auxiliary:
        return "auxiliary"
    if name == RANDOM_STATE:
        return "state"
    later = index > 0 and not op.variadic and name not in DATA_INPUTS
    return "parameter" if name in ROLES or later else "input"


def settled(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The same entries with a kind for every variable, and one random state.

    A variable without a kind is what the inputs that it feeds are for: auxiliary before parameter before input.

    Raises:
        ConfigError: if several nodes have the same name.
    """
    nodes = topological(entries)
    found: dict[Node, Kind] = {}
    for node in nodes:
        for i, (entry, name) in enumerate(zip(node.inputs, node.input_names, strict=True)):
            if node.op is not None and entry.node.op is None and entry.node.kind is None:
                kinds = (found.get(entry.node, "input"), variable_kind(node.op, i, name))
                found[entry.node] = max(kinds, key=("input", "state", "parameter", "auxiliary").index)
    new: dict[Node, Node] = {}
    for node in nodes:
        if node.op is None and node.name == RANDOM_STATE and node is not RANDOM:
            new[node] = RANDOM
        elif node.op is None and node.kind is None:
            new[node] = replace(node, kind=found.get(node, "input"))
    settled = substitute(entries, new)
    twice = [name for name, count in Counter(n.name for n in topological(settled)).items() if count > 1]
    if twice:
        raise ConfigError(
            f"several nodes are called {', '.join(map(repr, twice[:5]))}; give them names, "
            "or make the inputs of the net in one scope (variable(..., scope=other.scope))"
        )
    return settled


def substitute(entries: Sequence[Entry], new: Mapping[Node, Node]) -> tuple[Entry, ...]:
    """The same entries with some nodes replaced. What does not depend on those stays the same node."""
    if not new:
        return tuple(entries)
    made: dict[Node, Node] = {}
    for node in topological(entries):
        if node in new:
            made[node] = new[node]
            continue
        inputs = tuple(Entry(made[e.node], e.index) for e in node.inputs)
        made[node] = node if inputs == node.inputs else replace(node, inputs=inputs)
    return tuple(Entry(made[e.node], e.index) for e in entries)


def checked(op: Op, values: Mapping[str, Any], where: str) -> Any:
    """The operator's declared parameters.

    Raises:
        ConfigError: every unknown, missing or impossible one, after `where`.
    """
    params, problems = check(op.params, dict(values))
    if problems:
        raise ConfigError([f"{where}: {text(problem)}" for problem in problems])
    return params


def text(problem: Problem) -> str:
    """A problem of a parameter without a position: its path, what is wrong, and the nearest name."""
    if problem.allowed is not None:
        return f"{problem.message}{nearest(str(problem.path[-1]), problem.allowed)}"
    path = ".".join(map(str, problem.path))
    return f"{path}: {problem.message}" if path else problem.message


def nearest(name: str, known: Sequence[str]) -> str:
    """The end of an error about an unknown name: the nearest known ones, or all."""
    near = difflib.get_close_matches(name, known, n=2, cutoff=0.6)
    if near:
        return f"; did you mean {' or '.join(map(repr, near))}?"
    return f"; there are: {', '.join(known)}" if known else "; there are none"
