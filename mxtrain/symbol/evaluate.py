"""The value of an expression. Numbers stay within 2**53, so no expression takes long."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from mxtrain.symbol.compose import nearest
from mxtrain.symbol.expression import MAX_ITEMS, ExpressionError, Part, parse

MAX_NUMBER = 2**53
_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


class Broken:
    """Stands for a value that could not be computed."""


class BrokenValue(Exception):  # noqa: N818 - the error is reported elsewhere
    """The expression needs a value whose own problem is known already."""


BROKEN = Broken()


def evaluate(text: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression: a number, true or false, a text, a list or a table.

    Args:
        text: the expression.
        names: what its names mean.

    Raises:
        ExpressionError: with what is wrong and where.
        BrokenValue: if it needs a value that is BROKEN.
    """
    return _value(parse(text), names)


def truth(value: Any, at: int = 0) -> bool:
    """A value as a condition: a number is true unless it is 0.

    Raises:
        ExpressionError: for a text, list or table.
    """
    if isinstance(value, bool | int | float):
        return bool(value)
    raise ExpressionError(f"a condition must be true, false or a number, got {words(value)}", at)


def words(value: Any) -> str:
    """What to call a value in an error."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value}"
    if isinstance(value, str):
        return f"the text {value[:40]!r}"
    if isinstance(value, Mapping):
        return "a table"
    return "a list" if isinstance(value, list) else "no value"


def _value(part: Part, names: Mapping[str, Any]) -> Any:
    kind, at, args = part
    if kind == "value":
        return _bounded(args[0], at)
    if kind == "name":
        return _named(args[0], names, at)
    if kind == "if":
        condition = truth(_value(args[0], names), args[0].at)
        return _value(args[1] if condition else args[2], names)
    if kind in ("and", "or"):
        left = truth(_value(args[0], names), args[0].at)
        return left if left == (kind == "or") else truth(_value(args[1], names), args[1].at)
    if kind == "call":
        return _call(args[0], [_value(item, names) for item in args[1:]], at)
    values = [_value(item, names) for item in args]
    if kind == "list":
        return values
    if kind == "not":
        return not truth(values[0], args[0].at)
    if kind == "negative":
        return -_number(values[0], args[0].at)
    if kind == "index":
        return _entry(values[0], values[1], part)
    return _operate(kind, values, part)


def _named(name: str, names: Mapping[str, Any], at: int) -> Any:
    if name not in names:
        raise ExpressionError(f"no parameter {name!r} here{nearest(name, sorted(names))}", at)
    if names[name] is BROKEN:
        raise BrokenValue
    return names[name]


def _operate(sign: str, values: list[Any], part: Part) -> Any:
    left, right = values
    if sign in ("==", "!="):
        if not (_is_number(left) and _is_number(right)) and not (isinstance(left, str) and isinstance(right, str)):
            raise ExpressionError(f"cannot compare {words(left)} with {words(right)}", part.at)
        return bool(_OPERATORS[sign](left, right))
    if sign in ("+", "*") and isinstance(left, list):
        return _list(sign, left, right, part)
    a, b = _number(left, part.args[0].at), _number(right, part.args[1].at)
    if sign in ("/", "//", "%") and b == 0:
        raise ExpressionError(f"{words(left)} {sign} 0: a division by zero", part.at)
    if sign == "**":
        return _power(a, b, part.at)
    result = _bounded(_OPERATORS[sign](a, b), part.at)
    # Also of 0.75 * width: a number of filters is a whole number.
    return int(result) if sign == "//" else result


def _list(sign: str, left: list[Any], right: Any, part: Part) -> list[Any]:
    """Lists joined, or one repeated."""
    if sign == "+" and isinstance(right, list):
        size, made = len(left) + len(right), [*left, *right][:MAX_ITEMS]
    elif sign == "*" and isinstance(right, int) and not isinstance(right, bool):
        size = len(left) * max(right, 0)
        made = left * min(max(right, 0), MAX_ITEMS)
    else:
        what = "another list" if sign == "+" else "a whole number"
        raise ExpressionError(f"a list {sign} must be followed by {what}, got {words(right)}", part.at)
    if size > MAX_ITEMS:
        raise ExpressionError(f"a list of {size} entries; at most {MAX_ITEMS}", part.at)
    return made


def _power(base: float, exponent: float, at: int) -> Any:
    if not isinstance(exponent, int) or not 0 <= exponent <= 64 or abs(base) > 2**20:
        raise ExpressionError(f"an exponent must be a whole number from 0 to 64, got {base} ** {exponent}", at)
    return _bounded(base**exponent, at)


def _call(name: str, values: list[Any], at: int) -> Any:
    if name == "len":
        if len(values) != 1 or not isinstance(values[0], list | dict):
            raise ExpressionError("len takes one list or table", at)
        return len(values[0])
    if len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    if not values:
        raise ExpressionError(f"{name} needs at least one number", at)
    numbers = [_number(value, at) for value in values]
    return max(numbers) if name == "max" else min(numbers)


def _entry(container: Any, index: Any, part: Part) -> Any:
    if isinstance(container, Mapping):
        key = index if isinstance(index, str) else f"{index}"
        if key not in container:
            what = part.args[0].args[0] if part.args[0].kind == "name" else "the table"
            raise ExpressionError(f"{what} has no entry {key!r}; there are: {', '.join(container)}", part.args[1].at)
        if container[key] is BROKEN:
            raise BrokenValue
        return container[key]
    if not isinstance(container, list):
        raise ExpressionError(f"only a list or a table has entries, not {words(container)}", part.at)
    if isinstance(index, bool) or not isinstance(index, int):
        raise ExpressionError(f"a list is indexed by a whole number, got {words(index)}", part.args[1].at)
    if not -len(container) <= index < len(container):
        raise ExpressionError(f"no entry {index} in a list of {len(container)} (the first is 0)", part.args[1].at)
    if container[index] is BROKEN:
        raise BrokenValue
    return container[index]


def _is_number(value: Any) -> bool:
    return isinstance(value, bool | int | float)


def _number(value: Any, at: int) -> Any:
    if not _is_number(value):
        raise ExpressionError(f"must be a number, got {words(value)}", at)
    return value + 0


def _bounded(value: Any, at: int) -> Any:
    if isinstance(value, int | float) and not abs(value) <= MAX_NUMBER:
        raise ExpressionError("a number beyond 2**53", at)
    return value
