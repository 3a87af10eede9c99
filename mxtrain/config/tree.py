"""A configuration as plain data, and where each of its keys and values was written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from mxtrain.base.errors import ConfigError

Path = tuple[str | int, ...]
Scalar = str | int | float | bool | None

COMMAND_LINE = "command line"
MAX_VALUES = 100_000
MAX_DEPTH = 50
_WIDTH = 100


class Position(NamedTuple):
    """Where something was written.

    Args:
        file: the file's name as the user knows it, or "command line".
        line: from 1; 0 on the command line.
        column: from 1, in characters.
        text: the line, or the command line's token.
    """

    file: str
    line: int
    column: int
    text: str = ""

    def __str__(self) -> str:
        if self.line == 0:
            return f"{self.file}: {printable(self.text)}"
        return f"{printable(self.file)}:{self.line}:{self.column}"

    def problem(self, message: str) -> str:
        """`message` after the position, then the line that was written and a caret under the column."""
        start = max(0, self.column - _WIDTH)
        shown = "".join(c if c.isprintable() else " " for c in self.text[start : start + 2 * _WIDTH])
        if not shown.strip():
            return f"{self}: {message}"
        before = shown[: self.column - 1 - start]
        gap = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in before)
        return f"{self}: {message}\n    {shown.rstrip()}\n    {' ' * gap}^"


class Node(NamedTuple):
    """A value as it was read, before paths are known. Never changed: branches may be shared.

    Args:
        value: a scalar, a list of nodes, or a dict of them.
        where: where it begins.
        key: where its key stands, if it has one.
    """

    value: Any
    where: Position
    key: Position | None = None


@dataclass(frozen=True)
class Tree:
    """Plain data (dict, list, str, int, float, bool, None) and positions by absolute path.

    Args:
        data: the values.
        values: where each value was written. What has no position is a default.
        keys: where each key was written.
        path: where `data` stands in the whole configuration.
    """

    data: Any
    values: Mapping[Path, Position] = field(default_factory=dict, repr=False)
    keys: Mapping[Path, Position] = field(default_factory=dict, repr=False)
    path: Path = ()

    def at(self, path: Path) -> Tree:
        """The subtree at `path`, counted from here. Its positions and printed paths stay absolute.

        Raises:
            KeyError: if there is nothing.
        """
        data = self.data
        for part in path:
            try:
                data = data[part]
            except (TypeError, IndexError, KeyError):
                raise KeyError(show_path((*self.path, *path))) from None
        return replace(self, data=data, path=(*self.path, *path))

    def position(self, path: Path = (), *, key: bool = False) -> Position | None:
        """Where the value (or key) at `path` was written, or else the nearest thing around it. None: nowhere."""
        full = (*self.path, *path)
        if key and full in self.keys:
            return self.keys[full]
        for end in range(len(full), -1, -1):
            if full[:end] in self.values:
                return self.values[full[:end]]
        return None

    def problem(self, path: Path, message: str, *, key: bool = False) -> str:
        """A text for an error: position, path and message, then the line and a caret."""
        full = show_path((*self.path, *path))
        text = f"{full}: {message}" if full else message
        where = self.position(path, key=key)
        return where.problem(text) if where else text

    def origin(self, path: Path = ()) -> str:
        """Where the value at `path` comes from: "default", "file:line" or "command line"."""
        full = (*self.path, *path)
        where = self.values.get(full)
        if where is None and path and path[-1] == "name":
            section = self.at(path[:-1]).data
            written = any((*full[:-1], key) in self.values for key in section)
            where = None if written else self.values.get(full[:-1])
        if where is None:
            return "default"
        return where.file if where.line == 0 else f"{printable(where.file)}:{where.line}"


def grow(root: Node) -> Tree:
    """The tree of a node.

    Raises:
        ConfigError: if it is too deep or holds too many values (aliases count as often as they are used).
    """
    values: dict[Path, Position] = {}
    keys: dict[Path, Position] = {}

    def visit(node: Node, path: Path) -> Any:
        values[path] = node.where
        if node.key is not None:
            keys[path] = node.key
        if len(path) > MAX_DEPTH:
            raise ConfigError(node.where.problem(f"more than {MAX_DEPTH} levels deep"))
        if len(values) > MAX_VALUES:
            raise ConfigError(node.where.problem(f"more than {MAX_VALUES} values in all"))
        if isinstance(node.value, dict):
            return {name: visit(child, (*path, name)) for name, child in node.value.items()}
        if isinstance(node.value, list):
            return [visit(child, (*path, index)) for index, child in enumerate(node.value)]
        return node.value

    data = visit(root, ())
    return Tree(data, values, keys)


def show_path(path: Path) -> str:
    """A path as errors print it: ``net[4].convolution.kernel``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.fullmatch(r"[\w-]+", part):
            text += f".{part}" if text else part
        else:
            text += f"[{show(part)}]"
    return text


def show(value: Any) -> str:
    """A value as errors print it: short, on one line."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, Mapping):
        return "a map" if value else "an empty map"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    text = repr(value[:61]) if isinstance(value, str) else repr(value)
    return text if len(text) <= 64 else f"{text[:60]}..."


def printable(text: str) -> str:
    """`text` with control characters and broken ones escaped: safe to print on one line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)
