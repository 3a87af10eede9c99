"""Plain data checked against a declared class: pydantic finds what is wrong, we say it in our words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from mxtrain.base.errors import MXTrainError
from mxtrain.config import scalar
from mxtrain.config.describe import Schema, choose, definitions, describe, fields, inner, loose, number, step
from mxtrain.config.tree import Path, show

T = TypeVar("T")
_OURS = "mxtrain"
_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
_MISSING = ("missing", "missing_argument", "missing_keyword_only_argument")
_LIMITS = {
    "greater_than": ("gt", "> {}"),
    "greater_than_equal": ("ge", ">= {}"),
    "less_than": ("lt", "< {}"),
    "less_than_equal": ("le", "<= {}"),
    "multiple_of": ("multiple_of", "that is a multiple of {}"),
    "too_long": ("max_length", "with at most {} entries"),
    "too_short": ("min_length", "with at least {} entries"),
    "string_too_long": ("max_length", "with at most {} characters"),
    "string_too_short": ("min_length", "with at least {} characters"),
    "finite_number": ("", "that is finite"),
}


class Problem(NamedTuple):
    """One thing that is wrong.

    Args:
        path: where, counted from the data that was checked.
        message: what.
        key: the key is meant, not its value.
        allowed: for an unknown key: the keys that there are. None for any other problem.
    """

    path: Path
    message: str
    key: bool = False
    allowed: tuple[str, ...] | None = None


class _Found(NamedTuple):
    """A pydantic error located: its path in the data, the schemas there and around, and the union it came through."""

    error: Mapping[str, Any]
    path: Path
    schema: Schema | None
    parent: Schema | None = None
    union: Schema | None = None
    union_path: Path = ()
    branch: str | int | None = None


def check(schema: type[T], data: Any) -> tuple[T | None, list[Problem]]:
    """An instance of the declared class `schema` made of `data`, or None and everything that is wrong."""
    adapter = TypeAdapter(schema)
    core: Any = adapter.core_schema
    named = definitions(core)
    instance: T | None = None
    problems: list[Problem] = []
    try:
        instance = adapter.validate_python(data)
    except ValidationError as error:
        found = [_locate(item, core, named) for item in error.errors(include_url=False)]
        problems = _one_each(_words(found, data, named))
    except MXTrainError as error:
        problems = [Problem((), str(error))]
    known = {problem.path for problem in problems}
    problems += [
        Problem(path, _must(part, _value(data, path), {}, named))
        for path, part in loose(core, data, named)
        if path not in known
    ]
    return (None, problems) if problems else (instance, [])


def as_error(problems: Sequence[Problem]) -> ValidationError:
    """The problems as an error that a pydantic validator may raise: their paths are prefixed by where it stands."""
    details = [
        InitErrorDetails(
            type=PydanticCustomError(_OURS, "{message}", problem._asdict()), loc=problem.path, input=None, ctx={}
        )
        for problem in problems
    ]
    return ValidationError.from_exception_data(_OURS, details)


def _locate(error: Mapping[str, Any], schema: Schema, named: Mapping[str, Schema]) -> _Found:
    """Walk the error's location, which names union choices and validators beside keys."""
    here: Schema | None = schema
    path: list[str | int] = []
    found = _Found(error, (), None)
    for part in error["loc"]:
        core = inner(here, named) if here is not None else None
        if core is not None and core["type"] == "union":
            if found.union is None:
                found = found._replace(union=core, union_path=tuple(path), branch=part)
            here = choose(core, part, named)
        elif part == "[key]":
            here = (found.parent or {}).get("keys_schema")
        elif isinstance(part, str) and part.startswith("function-"):
            continue
        else:
            path.append(part)
            found = found._replace(parent=core)
            here = step(core, part, named)
    return found._replace(path=tuple(path), schema=here)


def _words(found: Sequence[_Found], data: Any, named: Mapping[str, Schema]) -> list[Problem]:
    problems: dict[Problem, None] = {}
    for item in found:
        if item.union is None:
            problems[_word(item, data, named)] = None
            continue
        together = [other for other in found if other.union is not None and other.union_path == item.union_path]
        best = _best_branch(together, data)
        if best is None:
            value = _value(data, item.union_path)
            problems[Problem(item.union_path, _must(item.union, value, item.error, named))] = None
        elif item.branch == best:
            problems[_word(item, data, named)] = None
    return list(problems)


def _one_each(problems: Sequence[Problem]) -> list[Problem]:
    """One problem of a kind for each place: of what a validator made of a value, key and value may both be wrong."""
    found: dict[tuple[Path, str], Problem] = {}
    for problem in problems:
        kind = "must" if problem.message.startswith("must be ") else problem.message
        found[problem.path, kind] = problem
    return list(found.values())


def _best_branch(together: Sequence[_Found], data: Any) -> str | int | None:
    """The choice of a union that was meant: the one whose errors lie inside the value, and the fewest of them."""
    if not isinstance(_value(data, together[0].union_path), dict | list):
        return None
    deep: dict[str | int, int] = {}
    for branch in dict.fromkeys(item.branch for item in together if item.branch is not None):
        own = [item for item in together if item.branch == branch]
        if all(len(item.path) > len(item.union_path) or item.error["type"] == _OURS for item in own):
            deep[branch] = len(own)
    return min(deep, key=lambda branch: deep[branch]) if deep else None


def _word(item: _Found, data: Any, named: Mapping[str, Schema]) -> Problem:
    error, kind = item.error, item.error["type"]
    context = error.get("ctx") or {}
    if kind == _OURS:
        return Problem(item.path, context["message"], context["key"], context["allowed"])
    if kind in _UNKNOWN:
        parent = item.parent
        allowed = tuple(fields(parent)) if parent is not None and parent["type"] == "dataclass-args" else ()
        return Problem(item.path, f"unknown key {show(item.path[-1])}", True, allowed)
    if kind in _MISSING and isinstance(item.path[-1], int):
        got = _value(data, item.path[:-1])
        return Problem(item.path[:-1], f"must be {describe(item.parent, named)}, got a list of {len(got)}")
    if kind in _MISSING:
        needed = describe(item.schema, named)
        return Problem(item.path[:-1], f"missing key {show(item.path[-1])}" + (f" ({needed})" if needed else ""), True)
    if kind in ("value_error", "assertion_error"):
        return Problem(item.path, str(context.get("error", error["msg"])))
    if error["loc"] and error["loc"][-1] == "[key]":
        written = _written(data, item.path)
        return Problem(written, _must(item.schema, item.path[-1], error, named), written == item.path)
    return Problem(_written(data, item.path), _must(item.schema, error["input"], error, named))


def _must(schema: Schema | None, value: Any, error: Mapping[str, Any], named: Mapping[str, Schema]) -> str:
    """What the value must be, and what came."""
    must, kind = describe(schema, named), str(error.get("type", ""))
    name, form = _LIMITS.get(kind, ("", ""))
    bound = number((error.get("ctx") or {}).get(name, 0)) if name else ""
    limit = form.format(bound)
    got = f"a list of {len(value)}" if kind.startswith("too_") and isinstance(value, list) else show(value)
    if must is None:
        text = f"must be {limit}" if limit else str(error.get("msg", "must be something else"))
        text = text.replace("Input should", "must")
        return f"{text[:1].lower()}{text[1:]}, got {got}"
    if limit and bound not in must.split():
        must = f"{must}, {limit}"
    return f"must be {must}, got {got}{_advice(schema, value, named)}"


def _advice(schema: Schema | None, value: Any, named: Mapping[str, Schema]) -> str:
    kind = inner(schema, named)["type"] if schema is not None else ""
    if kind in ("int", "float") and isinstance(value, str) and isinstance(scalar.resolve(value), int | float):
        return "; take the quotes away"
    if kind == "str" and isinstance(value, bool | int | float):
        return "; put it in quotes"
    return ""


def _written(data: Any, path: Path) -> Path:
    """The part of `path` that is in the data: a validator may have made more of it (3 as a pair)."""
    for end, part in enumerate(path):
        if not isinstance(data, dict | list) or (isinstance(data, list) and part not in range(len(data))):
            return path[:end]
        data = _value(data, (part,))
    return path


def _value(data: Any, path: Path) -> Any:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data
