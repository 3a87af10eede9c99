"""Expressions of a net's parameters: parsed by hand, to fixed limits. Nothing is ever run as code.

    a if condition else b, or, and, not, < <= > >= == !=, + -, * / // %, unary -, **, a[i], (a), [a, b, ...]
    max(a, b, ...), min(...), len(list), numbers, true, false, 'texts', names

The order of precedence is Python's; comparisons do not chain; ``//`` gives a whole number, whatever it divides. A table
(a map in YAML) is indexed by a number or a text: ``units[depth][stage]``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from mxtrain.base.errors import ConfigError

MAX_TEXT = 1000
MAX_DEPTH = 40
MAX_ITEMS = 1000
FUNCTIONS = ("max", "min", "len")
CONSTANTS = {"true": True, "false": False}
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_RESERVED = frozenset({"if", "else", "and", "or", "not"})
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.\d*|\d+)(?:[eE][-+]?\d+)?(?![\w.]))|(?P<word>[A-Za-z_]\w*)|(?P<text>'[^']*')"
    r"|(?P<sign>\*\*|//|[<>=!]=|[-+*/%<>()\[\],]))",
    re.ASCII,
)


class ExpressionError(ConfigError):
    """An expression that cannot be read or computed.

    Args:
        message: what is wrong.
        offset: where, in characters from the start of the text.
    """

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message, self.offset = message, offset


class Token(NamedTuple):
    """A piece of an expression: its kind (number, word, text, sign, end), its text and where it stands."""

    kind: str
    text: str
    at: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else repr(self.text)


class Part(NamedTuple):
    """A part of an expression: what it is, where it stands, and what it is made of.

    ``value`` holds a value, ``name`` a name, ``call`` a function's name and its arguments, ``list`` items, ``index`` a
    list and an index, ``if`` condition, value and other; every other kind is an operator with its operands.
    """

    kind: str
    at: int
    args: tuple[Any, ...]


@dataclass
class _Reader:
    """The tokens, how far they are read, and how deep."""

    tokens: list[Token]
    next: int = 0
    depth: int = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.next]

    def take(self, *texts: str) -> Token | None:
        """The next token, if it is one of these signs or words."""
        token = self.token
        if token.kind not in ("sign", "word") or token.text not in texts:
            return None
        self.next += 1
        return token

    def need(self, text: str, opened: Token) -> None:
        """The next token must be this one, because of another."""
        if not self.take(text):
            why = f"for the {opened.text!r} at character {opened.at + 1}"
            raise ExpressionError(f"expected {text!r} {why}, got {self.token}", self.token.at)


@lru_cache(maxsize=4096)
def parse(text: str) -> Part:
    """The parts of an expression.

    Raises:
        ExpressionError: saying what was expected, what came, and where.
    """
    reader = _Reader(tokens(text))
    part = _choice(reader)
    if reader.token.kind != "end":
        raise ExpressionError(f"expected an operator or the end, got {reader.token}", reader.token.at)
    return part


def tokens(text: str) -> list[Token]:
    """The pieces of an expression, an end token last.

    Raises:
        ExpressionError: for a character with which none begins.
    """
    end = len(text.rstrip())
    if end > MAX_TEXT:
        raise ExpressionError(f"an expression of {end} characters; at most {MAX_TEXT}", 0)
    found: list[Token] = []
    at = 0
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            at += len(text[at:]) - len(text[at:].lstrip())
            raise ExpressionError(_no_token(text[at]), at)
        found.append(Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    return [*found, Token("end", "", end)]


def _no_token(char: str) -> str:
    if char == "'":
        return "the quote that opens here is never closed"
    if char in "0123456789":
        return "a number that cannot be read; such as 64, 0.5 or 1e-3"
    if char in "&|!":
        return f"{char!r} means nothing here; write and, or, not"
    return f"{char!r} means nothing here" + ("; compare with ==" if char == "=" else "")


def _choice(r: _Reader) -> Part:
    r.depth += 1
    if r.depth > MAX_DEPTH:
        raise ExpressionError(f"more than {MAX_DEPTH} levels deep", r.token.at)
    value = _either(r)
    if mark := r.take("if"):
        condition = _either(r)
        r.need("else", mark)
        value = Part("if", mark.at, (condition, value, _choice(r)))
    r.depth -= 1
    return value


def _either(r: _Reader) -> Part:
    return _chain(r, ("or",), lambda r: _chain(r, ("and",), _negation))


def _negation(r: _Reader) -> Part:
    return _prefix(r, "not", _comparison)


def _comparison(r: _Reader) -> Part:
    left = _sum(r)
    if mark := r.take(*COMPARISONS):
        left = Part(mark.text, mark.at, (left, _sum(r)))
        if again := r.take(*COMPARISONS):
            raise ExpressionError("comparisons do not chain; write a < b and b < c", again.at)
    return left


def _sum(r: _Reader) -> Part:
    return _chain(r, ("+", "-"), lambda r: _chain(r, ("*", "/", "//", "%"), _minus))


def _minus(r: _Reader) -> Part:
    return _prefix(r, "-", _power)


def _prefix(r: _Reader, sign: str, operand: Callable[[_Reader], Part]) -> Part:
    marks = []
    while mark := r.take(sign):
        marks.append(mark)
        if len(marks) > MAX_DEPTH:
            raise ExpressionError(f"more than {MAX_DEPTH} times {sign!r} in a row", mark.at)
    part = operand(r)
    for mark in reversed(marks):
        part = Part("negative" if sign == "-" else sign, mark.at, (part,))
    return part


def _power(r: _Reader) -> Part:
    base = _indexed(r)
    if mark := r.take("**"):
        r.depth += 1
        if r.depth > MAX_DEPTH:
            raise ExpressionError(f"more than {MAX_DEPTH} levels deep", mark.at)
        base = Part("**", mark.at, (base, _minus(r)))
        r.depth -= 1
    return base


def _chain(r: _Reader, signs: tuple[str, ...], operand: Callable[[_Reader], Part]) -> Part:
    """Operands with operators of one precedence between them, from left to right."""
    left, count = operand(r), 0
    while mark := r.take(*signs):
        count += 1
        if count > MAX_DEPTH:
            raise ExpressionError(f"more than {MAX_DEPTH} operators in a row; use brackets or a list", mark.at)
        left = Part(mark.text, mark.at, (left, operand(r)))
    return left


def _indexed(r: _Reader) -> Part:
    part, count = _atom(r), 0
    while mark := r.take("["):
        count += 1
        if count > MAX_DEPTH:
            raise ExpressionError(f"more than {MAX_DEPTH} indices in a row", mark.at)
        index = _choice(r)
        r.need("]", mark)
        part = Part("index", mark.at, (part, index))
    return part


def _atom(r: _Reader) -> Part:
    token = r.token
    if opened := r.take("("):
        part = _choice(r)
        r.need(")", opened)
        return part
    if opened := r.take("["):
        return Part("list", opened.at, _items(r, opened, "]"))
    if token.kind in ("end", "sign") or token.text in _RESERVED:
        raise ExpressionError(f"expected a number, a name, '(' or '[', got {token}", token.at)
    r.next += 1
    if token.kind == "number":
        whole = token.text.isdigit()
        return Part("value", token.at, (int(token.text) if whole else float(token.text),))
    if token.kind == "text":
        return Part("value", token.at, (token.text[1:-1],))
    if opened := r.take("("):
        if token.text not in FUNCTIONS:
            raise ExpressionError(f"no function {token.text!r}; there are: {', '.join(FUNCTIONS)}", token.at)
        return Part("call", token.at, (token.text, *_items(r, opened, ")")))
    if token.text in CONSTANTS:
        return Part("value", token.at, (CONSTANTS[token.text],))
    return Part("name", token.at, (token.text,))


def _items(r: _Reader, opened: Token, closing: str) -> tuple[Part, ...]:
    items: list[Part] = []
    while not r.take(closing):
        if items:
            if not r.take(","):
                raise ExpressionError(
                    f"expected ',' or {closing!r} for the {opened.text!r} at character {opened.at + 1}, got {r.token}",
                    r.token.at,
                )
            if r.take(closing):
                break
        if len(items) == MAX_ITEMS:
            raise ExpressionError(f"more than {MAX_ITEMS} entries", r.token.at)
        items.append(_choice(r))
    return tuple(items)
