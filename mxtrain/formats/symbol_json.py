"""MXNet's symbol JSON as plain records: every version from 0.7 to 2.0 is read; what is written is that of 1.9.1.

A file of 1.0 or later that MXNet wrote is written again byte for byte. What the nodes mean is symbol_graph.py's matter.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mxtrain.base.errors import FormatError
from mxtrain.formats.files import Source, read_source, write_file
from mxtrain.formats.guess import guess
from mxtrain.formats.symbol_text import graph_text

VARIABLE = "null"
VERSION = 10901
OLDEST = 800
MAX_NODES = 1_000_000
MAX_LEVELS = 25
MAX_ATTRS_DEPTH = 4
TOP_KEYS = {"nodes", "arg_nodes", "heads", "node_row_ptr", "attrs"}
ATTR_KEYS = ("param", "attr", "attrs")
NODE_KEYS = {"op", "name", "inputs", "control_deps", "subgraphs", "backward_source_id", *ATTR_KEYS}


class JsonEntry(NamedTuple):
    """Output `output` of node `node`. `version` counts the writes of an auxiliary state; it is ignored on reading."""

    node: int
    output: int = 0
    version: int = 0


@dataclass(frozen=True)
class JsonNode:
    """A node as the file has it. The three spellings of attributes (param, attr, attrs) are merged.

    Args:
        op: MXNet's operator name; ``null`` for a variable.
        name: its name.
        attrs: texts by key.
        inputs: entries of nodes before it.
        control_deps: nodes that must run before it.
        subgraphs: of control flow and fused operators.
    """

    op: str
    name: str
    attrs: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[JsonEntry, ...] = ()
    control_deps: tuple[int, ...] = ()
    subgraphs: tuple[JsonGraph, ...] = ()


@dataclass(frozen=True)
class JsonGraph:
    """A symbol file.

    Args:
        nodes: inputs before users.
        heads: the outputs.
        row_ptr: outputs before each node, hidden ones included, and their sum; None if the file has none. Not used.
        attrs: of the file, ``{"mxnet_version": ["int", 10901]}``.
        source: what errors call the file.
    """

    nodes: tuple[JsonNode, ...]
    heads: tuple[JsonEntry, ...]
    row_ptr: tuple[int, ...] | None = None
    attrs: Mapping[str, Any] | None = field(default_factory=lambda: {"mxnet_version": ["int", VERSION]})
    source: str = field(default="symbol", compare=False)

    @property
    def arg_nodes(self) -> tuple[int, ...]:
        """Numbers of all variables."""
        return tuple(i for i, n in enumerate(self.nodes) if n.op == VARIABLE)

    @property
    def version(self) -> int:
        """The MXNet that wrote it: major * 10000 + minor * 100 + patch; 800 where the file does not say."""
        value = (self.attrs or {}).get("mxnet_version")
        return value[1] if isinstance(value, list) and len(value) == 2 and isinstance(value[1], int) else OLDEST


def load_symbol(source: Source, name: str = "") -> JsonGraph:
    """Read a symbol file, of any version, as it stands.

    Args:
        source: a path, or the bytes.
        name: what errors call it; the path if empty.

    Raises:
        FormatError: naming the file, the place in it, what was expected and what came.
        DataError: if the file cannot be read.
    """
    data, name = read_source(source, name)
    try:
        text = str(data, "utf-8")
    except UnicodeDecodeError as e:
        raise FormatError(f"{name}: offset {e.start}: is not UTF-8: {e.reason}{guess(data)}") from None
    return parse_symbol(text, name)


def parse_symbol(text: str, name: str = "symbol") -> JsonGraph:
    """Read the text of a symbol file. See `load_symbol`."""
    try:
        tree = json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as e:
        what = "" if text.lstrip().startswith("{") else guess(text[:64].encode())
        raise FormatError(f"{name}:{e.lineno}:{e.colno}: is not JSON: {e.msg}{what}") from None
    except RecursionError:
        raise FormatError(f"{name}: is nested deeper than any symbol") from None
    except ValueError as e:
        raise FormatError(f"{name}: is not JSON: {e}") from None
    return _graph(tree, name, "", 1)


def symbol_text(graph: JsonGraph) -> str:
    """The file that MXNet 1.9.1 writes for it. A graph read from a file of 0.8 or before stays without a version:
    MXNet must still upgrade it (`symbol_graph` does, and writes 1.9.1's).

    Raises:
        FormatError: for a name or value with a character that MXNet cannot read.
    """
    return graph_text(_tree(graph))


def save_symbol(path: str | os.PathLike[str], graph: JsonGraph) -> None:
    """Write a symbol file. Errors as `symbol_text` and `files.write_file`."""
    write_file(path, [symbol_text(graph).encode()])


def _tree(graph: JsonGraph) -> dict[str, Any]:
    nodes = []
    for n in graph.nodes:
        node: dict[str, Any] = {"op": n.op, "name": n.name}
        if n.attrs:
            node["attrs"] = dict(sorted(n.attrs.items()))
        node["inputs"] = n.inputs
        if n.control_deps:
            node["control_deps"] = n.control_deps
        if n.subgraphs:
            node["subgraphs"] = [_tree(g) for g in n.subgraphs]
        nodes.append(node)
    tree: dict[str, Any] = {"nodes": nodes, "arg_nodes": graph.arg_nodes}
    if graph.row_ptr is not None:
        tree["node_row_ptr"] = graph.row_ptr
    tree["heads"] = graph.heads
    if graph.attrs:
        tree["attrs"] = dict(sorted(graph.attrs.items()))
    return tree


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        twice, _ = Counter(k for k, _ in pairs).most_common(1)[0]
        raise ValueError(f"key {twice[:40]!r} is there twice in one object")
    return result


def _graph(tree: Any, name: str, path: str, level: int) -> JsonGraph:
    where = f"{name}: {path}" if path else name
    if not isinstance(tree, dict):
        raise FormatError(f"{where}: expected an object with nodes, arg_nodes and heads, got {_kind(tree)}")
    if level > MAX_LEVELS:
        raise FormatError(f"{where}: expected subgraphs at most {MAX_LEVELS} deep")
    _keys(tree, TOP_KEYS, ("nodes", "arg_nodes", "heads"), where)
    prefix = f"{path}." if path else ""
    listed = _list(tree["nodes"], f"{name}: {prefix}nodes")
    if len(listed) > MAX_NODES:
        raise FormatError(f"{where}: expected at most {MAX_NODES} nodes, got {len(listed)}")
    nodes = tuple(_node(n, i, name, f"{prefix}nodes[{i}]", level) for i, n in enumerate(listed))
    for i in _integers(tree["arg_nodes"], f"{name}: {prefix}arg_nodes"):
        if i >= len(nodes) or nodes[i].op != VARIABLE:
            raise FormatError(f"{name}: {prefix}arg_nodes: expected numbers of variables, got {i}")
    row_ptr = None
    if "node_row_ptr" in tree:
        row_ptr = _integers(tree["node_row_ptr"], f"{name}: {prefix}node_row_ptr")
    heads = _entries(tree["heads"], len(nodes), f"{name}: {prefix}heads")
    attrs = tree.get("attrs")
    if attrs is not None and (not isinstance(attrs, dict) or not _plain(attrs, MAX_ATTRS_DEPTH)):
        raise FormatError(f"{name}: {prefix}attrs: expected pairs of a type and a value by key, got {_kind(attrs)}")
    graph = JsonGraph(nodes, heads, row_ptr, attrs or None, name)
    if not 0 <= graph.version < 10**9:
        raise FormatError(f"{name}: {prefix}attrs: mxnet_version: expected 0 or more, got {graph.version}")
    return graph


def _node(tree: Any, index: int, name: str, path: str, level: int) -> JsonNode:
    where = f"{name}: {path}"
    if not isinstance(tree, dict):
        raise FormatError(f"{where}: expected a node, got {_kind(tree)}")
    _keys(tree, NODE_KEYS, ("op", "name", "inputs"), where)
    op, label = _text(tree["op"], f"{where}.op"), _text(tree["name"], f"{where}.name")
    attrs: dict[str, str] = {}
    for key in ATTR_KEYS:
        value = tree.get(key, {})
        if not isinstance(value, dict):
            raise FormatError(f"{where}.{key}: node {label!r}: expected texts by key, got {_kind(value)}")
        for k, v in value.items():
            attrs[_text(k, f"{where}.{key}")] = _text(v, f"{where}.{key}.{k}: node {label!r}")
    inputs = _entries(tree["inputs"], index, f"{where}.inputs: node {label!r}")
    if op == VARIABLE and inputs:
        raise FormatError(f"{where}: variable {label!r}: expected no inputs, got {len(inputs)}")
    deps = _integers(tree.get("control_deps", []), f"{where}.control_deps")
    if any(d >= index for d in deps):
        raise FormatError(f"{where}.control_deps: node {label!r}: expected nodes before {index}, got {max(deps)}")
    below = _list(tree.get("subgraphs", []), f"{where}.subgraphs")
    subgraphs = tuple(_graph(g, name, f"{path}.subgraphs[{i}]", level + 1) for i, g in enumerate(below))
    return JsonNode(op, label, attrs, inputs, deps, subgraphs)


def _entries(tree: Any, limit: int, where: str) -> tuple[JsonEntry, ...]:
    entries = []
    for e in _list(tree, where):
        if not isinstance(e, list) or len(e) not in (2, 3) or not all(type(x) is int and 0 <= x < 2**32 for x in e):
            raise FormatError(f"{where}: expected [node, output] or [node, output, version], got {_short(e)}")
        if e[0] >= limit:
            raise FormatError(f"{where}: expected a node before {limit}, got {e[0]}")
        entries.append(JsonEntry(*e))
    return tuple(entries)


def _integers(tree: Any, where: str) -> tuple[int, ...]:
    for x in _list(tree, where):
        if type(x) is not int or not 0 <= x < 2**32:
            raise FormatError(f"{where}: expected numbers of 0 or more, got {_short(x)}")
    return tuple(tree)


def _list(tree: Any, where: str) -> list[Any]:
    if not isinstance(tree, list):
        raise FormatError(f"{where}: expected a list, got {_kind(tree)}")
    return tree


def _keys(tree: dict[str, Any], known: set[str], required: tuple[str, ...], where: str) -> None:
    unknown = [k for k in tree if k not in known]
    if unknown:
        raise FormatError(f"{where}: unknown key {unknown[0][:40]!r}; expected {', '.join(sorted(known))}")
    missing = [k for k in required if k not in tree]
    if missing:
        raise FormatError(f"{where}: lacks {', '.join(missing)}")


def _text(tree: Any, where: str) -> str:
    if not isinstance(tree, str):
        raise FormatError(f"{where}: expected a text in quotes, got {_kind(tree)}")
    if any(c < " " and c not in "\t\r\n" or "\ud800" <= c <= "\udfff" for c in tree):
        raise FormatError(f"{where}: holds a control character or half a surrogate pair: {tree[:40]!r}")
    return tree


def _plain(tree: Any, depth: int) -> bool:
    if isinstance(tree, dict):
        return all(isinstance(v, list) and _plain(v, depth) for v in tree.values())
    if isinstance(tree, list):
        return depth > 0 and all(_plain(v, depth - 1) for v in tree)
    return isinstance(tree, int | str) and not isinstance(tree, bool)


def _kind(tree: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(tree)) or f"the number {tree!r}"[:60]


def _short(tree: Any) -> str:
    if isinstance(tree, list) and not any(isinstance(x, list | dict | str) for x in tree):
        return json.dumps(tree)[:60]
    return _kind(tree)
