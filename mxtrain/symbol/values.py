"""Values of a net's YAML with its expressions computed.

Where a number is meant, a text is an expression: ``num_filter: 4 * width``. Where a text is meant, ``${...}`` in it is
one: ``name: "unit${index}"``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

from mxtrain.config.tree import Tree, show_path
from mxtrain.graph import Op
from mxtrain.symbol.evaluate import BROKEN, BrokenValue, evaluate, words
from mxtrain.symbol.expression import ExpressionError

Names = Mapping[str, Any]
_INSIDE = re.compile(r"\$\{([^{}]*)\}")


def resolve(tree: Tree, names: Names, problems: list[str], *, text: bool = False) -> Any:
    """The data of the tree with its expressions computed.

    Args:
        names: what names in expressions mean.
        problems: what is wrong is added, a text each. The value is BROKEN then.
        text: the data is meant as a text.
    """
    data = tree.data
    if isinstance(data, list):
        return _whole([resolve(tree.at((i,)), names, problems, text=text) for i in range(len(data))])
    if isinstance(data, Mapping):
        return {key: resolve(tree.at((key,)), names, problems, text=text) for key in data}
    if not isinstance(data, str):
        return data
    try:
        return _interpolate(data, names) if text else evaluate(data, names)
    except ExpressionError as error:
        problems.append(fault(tree, error))
    except BrokenValue:
        pass
    return BROKEN


def _whole(items: list[Any]) -> Any:
    return BROKEN if any(item is BROKEN for item in items) else items


def resolve_params(op: Op, tree: Tree, names: Names, problems: list[str]) -> dict[str, Any]:
    """The parameters of an operator as they stand in the tree, computed. Those that cannot be are BROKEN."""
    fields = op.params.__pydantic_fields__  # type: ignore[attr-defined]
    return {
        key: resolve(tree.at((key,)), names, problems, text=key not in fields or takes_text(fields[key].annotation))
        for key in tree.data
    }


def takes_text(annotation: Any) -> bool:
    """True if a declared type has texts among its values."""
    if annotation is str or isinstance(annotation, str):
        return True
    return any(takes_text(part) for part in get_args(annotation) if not hasattr(part, "metadata"))


def fault(tree: Tree, error: ExpressionError) -> str:
    """The problem of an expression, at the very character where that can be told."""
    path = show_path(tree.path)
    message = f"{path}: {error.message}" if path else error.message
    where = tree.position()
    if where is None:
        return message
    for start in (where.column - 1, where.column):
        # A quoted text begins one character later; one with escapes or on several lines is somewhere after that.
        if isinstance(tree.data, str) and where.text[start : start + len(tree.data)] == tree.data:
            return where._replace(column=start + 1 + error.offset).problem(message)
    return where.problem(message)


def _interpolate(data: str, names: Names) -> Any:
    whole = _INSIDE.fullmatch(data)
    if whole:
        return _inside(whole, names)
    pieces, at = [], 0
    for match in _INSIDE.finditer(data):
        value = _inside(match, names)
        if not isinstance(value, str | int | float):
            raise ExpressionError(f"a text cannot hold {words(value)}", match.start())
        pieces += [data[at : match.start()], value if isinstance(value, str) else words(value)]
        at = match.end()
    rest = data[at:]
    if "${" in rest:
        raise ExpressionError("the '${' here is never closed, or holds '{'", at + rest.index("${"))
    return "".join([*pieces, rest])


def _inside(match: re.Match[str], names: Names) -> Any:
    try:
        return evaluate(match[1], names)
    except ExpressionError as error:
        raise ExpressionError(error.message, match.start(1) + error.offset) from None
