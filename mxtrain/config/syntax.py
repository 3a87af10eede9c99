"""YAML's syntax errors in words that say what to change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mxtrain.config.tree import Position

_UNCLOSED = "the quote that opens here is never closed"
_NO_COLON = "a line without ':'; write 'key: value'"
_COLON = "a ':' where no key can stand; check the indentation here and above, and quote a text that holds ': '"
_DEDENT = "this does not fit the lines above; check the indentation, and quote a text that goes on after its quotes"
_ENTRY = "a '- ' where no list entry can stand; put it on a line of its own"
_STAR = "a text that starts with '*' or '&' must be quoted"
_BY_PROBLEM = (
    ("mapping values are not allowed", _COLON),
    ("could not find expected ':'", _NO_COLON),
    ("unexpected end of stream", _UNCLOSED),
    ("unknown escape character", "no such escape; write the backslash twice, or use single quotes"),
    ("did not find expected alphabetic", _STAR),
    ("expected alphabetic or numeric", _STAR),
    ("expected ',' or ']'", "',' or ']' must follow here, to go on with or close the list"),
    ("expected ',' or '}'", "',' or '}' must follow here, to go on with or close the map"),
    ("did not find expected key", _DEDENT),
    ("expected <block end>", _DEDENT),
    ("did not find expected '-' indicator", "a list entry must start with '- ', indented like the ones above"),
    ("sequence entries are not allowed", _ENTRY),
    ("did not find expected node content", "a value is missing here"),
    ("expected the node content", "a value is missing here"),
)


def explain(error: Any, at: Callable[[int, int], Position], lines: Sequence[str]) -> str:
    """The text for an error of the YAML library. `at` makes a position of a line and column counted from 0."""
    problem = getattr(error, "problem", None) or "cannot be read as YAML"
    line, column = _place(getattr(error, "problem_mark", None)) or (0, 0)
    opened = at(*(_place(getattr(error, "context_mark", None)) or (line, column)))
    ended = not "".join(lines[line : line + 1])[column:].strip() and not "".join(lines[line + 1 :]).strip()
    if ended:
        line = max((i for i, text in enumerate(lines) if text.strip()), default=0)
        column = len(lines[line].rstrip())
    where = at(line, column)
    if "cannot start any token" in problem:
        return where.problem(_no_token(where))
    for part, words in _BY_PROBLEM:
        if part in problem and ended and part.startswith("expected ','"):
            return opened.problem("the bracket that opens here is never closed")
        if part in problem:
            return (opened if words in (_UNCLOSED, _NO_COLON) else where).problem(words)
    return where.problem(f"not valid YAML: {problem}")


def _place(mark: Any) -> tuple[int, int] | None:
    return (mark.line, mark.column) if mark else None


def _no_token(where: Position) -> str:
    char = where.text[where.column - 1 : where.column]
    if char == "\t":
        return "a tab; YAML is indented with spaces"
    return f"a value cannot start with {char!r}; quote it" if char else "a value cannot start here; quote it"
