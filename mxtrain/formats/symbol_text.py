"""JSON laid out as MXNet 1.9.1 lays it out, byte for byte (dmlc-core's writer)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mxtrain.base.errors import FormatError

ONE_LINE = 10
ESCAPES = str.maketrans({"\r": "\\r", "\n": "\\n", "\\": "\\\\", "\t": "\\t", '"': '\\"'})


class _Layout:
    """Scopes, open ones last: whether each puts its items on lines of their own."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.scopes: list[bool] = []

    def line(self) -> None:
        if not self.scopes or self.scopes[-1]:
            self.parts.append("\n" + "  " * len(self.scopes))

    def scope(self, brackets: str, lines: bool, items: Sequence[Callable[[], None]]) -> None:
        self.parts.append(brackets[0])
        self.scopes.append(lines)
        for i, write in enumerate(items):
            if i:
                self.parts.append(", ")
            self.line()
            write()
        self.scopes.pop()
        if lines and items:
            self.line()
        self.parts.append(brackets[1])


def graph_text(tree: dict[str, Any]) -> str:
    """The text of a graph: a dict of nodes, arg_nodes, ... in the order in which they are written.

    Raises:
        FormatError: for a text with a character that MXNet's reader does not know.
    """
    out = _Layout()
    _write(out, tree, True)
    return "".join(out.parts)


def _write(out: _Layout, tree: Any, lines: bool | None = None) -> None:
    """Write a value; `lines` None: one line for up to 10 items of an array, or 1 pair of an object."""
    if isinstance(tree, dict):
        multi = len(tree) > 1 if lines is None else lines
        out.scope("{}", multi, [lambda k=k, v=v: _pair(out, k, v) for k, v in tree.items()])  # type: ignore[misc]
    elif isinstance(tree, list | tuple):
        multi = len(tree) > ONE_LINE if lines is None else lines
        entries = bool(tree) and isinstance(tree[0], tuple)
        out.scope("[]", multi, [lambda v=v: _item(out, v, entries) for v in tree])  # type: ignore[misc]
    else:
        out.parts.append(_quoted(tree) if isinstance(tree, str) else str(int(tree)))


def _pair(out: _Layout, key: str, value: Any) -> None:
    out.parts.append(f"{_quoted(key)}: ")
    _write(out, value, True if key in ("nodes", "subgraphs") and isinstance(value, list) else None)


def _item(out: _Layout, value: Any, entry: bool) -> None:
    _write(out, value, True if isinstance(value, dict) else False if entry else None)


def _quoted(text: str) -> str:
    if any(c < " " and c not in "\t\r\n" or "\ud800" <= c <= "\udfff" for c in text):
        raise FormatError(
            f"symbol JSON cannot hold the text {text[:40]!r}: a control character or half a surrogate pair"
        )
    return f'"{text.translate(ESCAPES)}"'
