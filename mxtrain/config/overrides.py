"""The command line's overrides: ``optimizer.lr=0.1`` sets, ``~augment`` removes.

The key is a path of names and list indices (``augment.0.crop.size`` or, as errors print it, ``augment[0].crop.size``).
The value is YAML; an empty one is null; ``+5`` stays the text "+5", for keys that can be extended. Maps that lack on
the way are made, and a bare component name is one: after ``optimizer: sgd``, ``optimizer.lr=0.1`` is understood.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

from mxtrain.base.errors import ConfigError
from mxtrain.config.hints import HINTS, find_hint
from mxtrain.config.parse import MAX_KEY, parse, source
from mxtrain.config.tree import COMMAND_LINE, MAX_DEPTH, Node, Path, Position, printable, show, show_path

_INDEX = re.compile(r"\[([0-9]{1,6})\]")
_PART = re.compile(r"[^\s.\[\]=~{}\"',:#&*!|>%@`]+")
_PLUS = re.compile(r"\+[0-9]{1,64}")
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"


class Edit(NamedTuple):
    """One override: the path as it was written, its value (None: remove), where it stands."""

    path: tuple[str, ...]
    value: Node | None
    where: Position


def read(tokens: Sequence[str]) -> tuple[list[Edit], list[str]]:
    """The edits of the tokens, and a problem for each that is none."""
    edits: list[Edit] = []
    problems: list[str] = []
    rest = list(tokens)
    while rest:
        token = rest.pop(0)
        if dash := _dash(token, rest):
            problems.append(dash)
            continue
        try:
            edits.append(_edit(token))
        except ConfigError as error:
            problems += error.problems
    return edits, problems


def apply(root: Node, edits: Sequence[Edit]) -> Node:
    """The node with all edits made, in order.

    Raises:
        ConfigError: naming every edit that does not fit.
    """
    problems: list[str] = []
    for edit in edits:
        try:
            root = _change(root, edit, 0)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return root


def _dash(token: str, rest: list[str]) -> str | None:
    """The problem of a token that is an option of another tool. Its value is taken off `rest`."""
    where = Position(COMMAND_LINE, 0, 1, token)
    if token[:1] in _DASHES and token:
        return where.problem(f"you typed an {_dash_name(token[0])} ({token[0]}); overrides are written key=value")
    if not token.startswith("-") or token == "-":
        return None
    name, equals, value = token.lstrip("-").partition("=")
    wrong = token
    if not equals and rest and "=" not in rest[0] and not rest[0].startswith(("-", "~")):
        value = rest.pop(0)
        wrong = f"{token} {value}"
    key = name.replace("-", "_") or "key"
    hint = find_hint((key,), HINTS)
    known = hint if hint and re.fullmatch(r"[\w.]+", hint) else key
    return where.problem(f"write {printable(known)}={printable(value) or 'VALUE'}, not {printable(wrong)}")


def _dash_name(char: str) -> str:
    return {"\u2013": "en-dash", "\u2014": "em-dash"}.get(
        char, f"odd dash, {unicodedata.name(char, 'unnamed').lower()}"
    )


def _edit(token: str) -> Edit:
    where = Position(COMMAND_LINE, 0, 1, token)
    if not token.isprintable() and any(unicodedata.category(c) == "Cs" for c in token):
        raise ConfigError(where.problem("not valid Unicode"))
    remove = token.startswith("~")
    key, equals, text = token.removeprefix("~").partition("=")
    if remove and equals:
        raise ConfigError(where.problem("'~key' removes a key and takes no value"))
    if not remove and not equals:
        raise ConfigError(where.problem("must be key=value, or ~key to remove a key"))
    path = tuple(_INDEX.sub(r".\1", key).split("."))
    if not all(_PART.fullmatch(part) and len(part) <= MAX_KEY for part in path):
        raise ConfigError(where.problem(f"{show(key)} is no key; write names with dots between, such as optimizer.lr"))
    if len(path) > MAX_DEPTH:
        raise ConfigError(where.problem(f"more than {MAX_DEPTH} levels deep"))
    if path == ("extends",):
        raise ConfigError(where.problem("extends: can stand only in a file"))
    return Edit(path, None if remove else _value(text, token), where)


def _value(text: str, token: str) -> Node:
    where = Position(COMMAND_LINE, 0, len(token) - len(text) + 1, token)
    if _PLUS.fullmatch(text):
        return Node(text, where)
    node = parse(source(text, COMMAND_LINE, token))
    if node is not None:
        return node
    if text.strip():
        raise ConfigError(where.problem("a comment, not a value; quote a text that starts with '#'"))
    return Node(None, where)


def _change(node: Node, edit: Edit, depth: int) -> Node:
    """`node` with the edit made at edit.path[depth:]."""
    part, last = edit.path[depth], depth == len(edit.path) - 1
    if isinstance(node.value, list):
        return _change_entry(node, edit, depth)
    branch = _as_map(node, edit, depth)
    child = branch.get(part)
    if last and edit.value is None:
        if child is None:
            raise ConfigError(edit.where.problem(_absent(edit, depth, branch)))
        return node._replace(value={name: item for name, item in branch.items() if name != part})
    if last:
        return node._replace(value={**branch, part: _placed(edit)})
    if child is None and edit.value is None:
        raise ConfigError(edit.where.problem(_absent(edit, depth, branch)))
    new = Node({}, edit.where, edit.where) if child is None else child
    return node._replace(value={**branch, part: _change(new, edit, depth + 1)})


def _placed(edit: Edit) -> Node:
    value = edit.value or Node(None, edit.where)
    return value._replace(key=edit.where)


def _change_entry(node: Node, edit: Edit, depth: int) -> Node:
    part, last = edit.path[depth], depth == len(edit.path) - 1
    entries = node.value
    index = int(part) if re.fullmatch("[0-9]{1,6}", part) else -1
    if not 0 <= index < len(entries):
        there = f"its entries are numbered 0 to {len(entries) - 1}" if entries else "it is empty"
        text = f"{show_path(_shown(edit, depth))} is a list, and has no entry {show(part)}: {there}"
        raise ConfigError(edit.where.problem(text))
    if not last:
        new = [_change(entries[index], edit, depth + 1)]
    else:
        new = [] if edit.value is None else [edit.value]
    return node._replace(value=[*entries[:index], *new, *entries[index + 1 :]])


def _as_map(node: Node, edit: Edit, depth: int) -> dict[str, Node]:
    if isinstance(node.value, dict):
        return node.value
    if node.value is None:
        return {}
    if isinstance(node.value, str):
        if node.value == edit.path[depth]:
            return {node.value: Node({}, node.where, node.where)}
        return {"name": node._replace(key=node.where)}
    here, whole = show_path(_shown(edit, depth)), show_path(_shown(edit, len(edit.path)))
    raise ConfigError(edit.where.problem(f"{here} is {show(node.value)}, not a map, so there is no {whole}"))


def _absent(edit: Edit, depth: int, branch: dict[str, Any]) -> str:
    here = show_path(_shown(edit, depth + 1))
    near = difflib.get_close_matches(edit.path[depth], branch, 1)
    return f"{here}: there is no such key to remove" + (f"; did you mean {show(near[0])}?" if near else "")


def _shown(edit: Edit, depth: int) -> Path:
    return tuple(int(part) if re.fullmatch("[0-9]{1,6}", part) else part for part in edit.path[:depth])
