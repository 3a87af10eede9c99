"""A tree back to YAML: what it writes reads back as the same data. Short maps and lists go on one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mxtrain.config.scalar import write
from mxtrain.config.tree import Path, Tree, printable

_WIDTH = 110


def dump(tree: Tree, *, origins: bool = False) -> str:
    """The tree as YAML text.

    Args:
        tree: a map at the top.
        origins: after each line a comment says where its values come from.
    """
    if not tree.data:
        return "{}\n"
    return "\n".join(_block(tree, tree.data, (), origins)) + "\n"


def _block(tree: Tree, value: Any, path: Path, origins: bool) -> Iterator[str]:
    """The lines of a map or list that is not empty, not indented."""
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in entries:
        here = (*path, key)
        head = f"{write(key)}:" if isinstance(value, dict) else "-"
        line = None if head == "-" and isinstance(item, dict) and len(item) == 1 else _flow(item)
        comment = _comment(tree, item, here) if origins else ""
        fits = line is not None and (len(head) + len(line) < _WIDTH or not isinstance(item, dict | list) or not item)
        if fits and comment is not None:
            yield f"{head} {line}{comment}"
            continue
        lines = _block(tree, item, here, origins)
        if isinstance(value, dict):
            yield head
            yield from (f"  {text}" for text in lines)
        else:
            yield f"- {next(lines)}"
            yield from (f"  {text}" for text in lines)


def _flow(value: Any) -> str | None:
    """The value on one line; None if it does not fit. A scalar always fits."""
    if isinstance(value, dict):
        parts = [(write(key) + ": ", _flow(item)) for key, item in value.items()]
        opening, closing = "{}"
    elif isinstance(value, list):
        parts = [("", _flow(item)) for item in value]
        opening, closing = "[]"
    else:
        return write(value)
    texts = [head + text for head, text in parts if text is not None]
    line = opening + ", ".join(texts) + closing
    return line if len(texts) == len(parts) and (len(line) < _WIDTH or not parts) else None


def _comment(tree: Tree, value: Any, path: Path) -> str | None:
    """The comment that holds for all of a value, or None if its parts come from several places."""
    found = set(_origins(tree, value, path))
    return f"  # {printable(found.pop())}" if len(found) == 1 else None


def _origins(tree: Tree, value: Any, path: Path) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _origins(tree, item, (*path, key))
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for index, item in enumerate(value):
            yield from _origins(tree, item, (*path, index))
    else:
        yield tree.origin(path)
