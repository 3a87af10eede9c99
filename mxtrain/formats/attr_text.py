"""Attribute values as MXNet's symbol files write them: texts such as ``(3, 3)``, ``True``, ``None``, ``1e-05``.

Read by hand, to a length and depth limit: nothing is evaluated.
"""

from __future__ import annotations

from typing import Any

from mxtrain.base.errors import FormatError

MAX_TEXT = 4096
MAX_DEPTH = 4
WORDS = {"True": True, "False": False, "None": None}


def attr_text(value: Any) -> str:
    """A parameter's value as MXNet's Python front writes it.

    Raises:
        TypeError: for a value that no attribute can be.
    """
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    if isinstance(value, tuple | list):
        items = [attr_text(v) for v in value]
        return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
    raise TypeError(f"an attribute cannot be {type(value).__name__}")


def parse_attr(text: str) -> Any:
    """The value that a text stands for: None, bool, int, float or (nested) tuple; else the text itself.

    All spellings of real files are read: ``(3,3)``, ``(3, 3)``, ``[3, 3]``, ``(3L, 3L)`` (Python 2), ``(3,)``.

    Raises:
        FormatError: if the text is too long, or begins like a tuple and is none.
    """
    if len(text) > MAX_TEXT:
        raise FormatError(f"expected a value of at most {MAX_TEXT} characters, got {len(text)}")
    text = text.strip()
    if text[:1] not in ("(", "["):
        return _scalar(text)
    value, end = _tuple(text, 0, 1)
    if end != len(text):
        raise FormatError(f"expected nothing after the tuple, got {text[end:][:40]!r}")
    return value


def _tuple(text: str, at: int, depth: int) -> tuple[tuple[Any, ...], int]:
    if depth > MAX_DEPTH:
        raise FormatError(f"expected tuples at most {MAX_DEPTH} deep")
    closing = ")" if text[at] == "(" else "]"
    items: list[Any] = []
    at = _skip(text, at + 1)
    while at < len(text) and text[at] != closing:
        if text[at] in "([":
            item, at = _tuple(text, at, depth + 1)
        else:
            end = at
            while end < len(text) and text[end] not in ",()[]":
                end += 1
            item, at = _element(text[at:end].strip()), end
        items.append(item)
        at = _skip(text, at)
        if at < len(text) and text[at] == ",":
            at = _skip(text, at + 1)
        elif at < len(text) and text[at] != closing:
            raise FormatError(f"expected ',' or {closing!r} in {text[:40]!r}, got {text[at]!r}")
    if at >= len(text):
        raise FormatError(f"expected {closing!r} at the end of {text[:40]!r}")
    return tuple(items), at + 1


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _element(text: str) -> Any:
    value = _scalar(text[:-1] if text.endswith("L") else text)
    if isinstance(value, str):
        raise FormatError(f"expected a number in a tuple, got {text[:40]!r}")
    return value


def _scalar(text: str) -> Any:
    if text in WORDS:
        return WORDS[text]
    if not text.isascii() or not text or not set(text) <= set("0123456789+-.eE"):
        return text
    try:
        number = int(text) if len(text) <= 20 else None
    except ValueError:
        number = None
    if number is not None:
        return number
    try:
        return float(text)
    except ValueError:
        return text
