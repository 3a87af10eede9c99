"""An operator's declared parameters as the attributes of a symbol file, and back."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, NamedTuple, get_origin

from pydantic import ValidationError

from mxtrain.base.errors import FormatError
from mxtrain.formats.attr_text import attr_text, parse_attr
from mxtrain.formats.mxnet_names import FOREIGN, INERT, LACKS, NONE_IS_A_VALUE, WRITTEN, is_foreign
from mxtrain.graph import Op


class OpAttrs(NamedTuple):
    """What the attributes of an operator node say.

    Args:
        params: the operator's declared parameters; None if there are problems.
        foreign: attributes that are kept as they came.
        problems: what is wrong, a text each.
    """

    params: Any
    foreign: dict[str, str]
    problems: list[str]


def read_attrs(op: Op, attrs: Mapping[str, str], inputs: int) -> OpAttrs:
    """Sort a node's attributes into parameters and foreign ones, and check the parameters.

    Args:
        op: ours.
        attrs: texts by key.
        inputs: how many the node has: the default of ``num_args``.
    """
    fields = op.params.__pydantic_fields__  # type: ignore[attr-defined]
    values: dict[str, Any] = {}
    foreign: dict[str, str] = {}
    problems: list[str] = []
    for key, text in attrs.items():
        if key not in fields and is_foreign(key):
            foreign[key] = text
            continue
        try:
            value = parse_attr(text)
        except FormatError as e:
            problems.append(f"attribute {key!r}: {e}")
            continue
        if key in fields:
            values[key] = _fitted(fields[key].annotation, value)
        elif key in INERT and value in INERT[key]:
            foreign[key] = text
        else:
            problems.append(_unknown(key, text, list(fields)))
    if op.variadic:
        values.setdefault("num_args", inputs)
    params, wrong = _checked(op, values)
    return OpAttrs(None if problems or wrong else params, foreign, problems + wrong)


def write_attrs(op: Op, params: Any, where: str) -> dict[str, str]:
    """Required parameters and those that differ from their defaults, as MXNet writes them.

    Raises:
        FormatError: naming a value that MXNet does not know.
    """
    attrs = {}
    for key, spec in op.params.__pydantic_fields__.items():  # type: ignore[attr-defined]
        value = getattr(params, key)
        known = LACKS.get((op.name, key))
        if known is not None and value not in known:
            raise FormatError(f"{where}: MXNet knows {key} {', '.join(sorted(known))}; it cannot be given {value!r}")
        other, needed = WRITTEN.get((op.name, key), ("", None))
        demanded = bool(other) and getattr(params, other) == needed
        if demanded or spec.is_required() or value != spec.get_default(call_default_factory=True):
            attrs[key] = attr_text(value)
    return attrs


def _fitted(annotation: Any, value: Any) -> Any:
    # MXNet reads a lone number as a tuple of one; here it would stand for a pair.
    alone = isinstance(value, int | float) and not isinstance(value, bool)
    return (value,) if alone and get_origin(annotation) is tuple else value


def _checked(op: Op, values: dict[str, Any]) -> tuple[Any, list[str]]:
    try:
        return op.params(**values), []
    except ValidationError as e:
        errors = e.errors(include_url=False, include_context=False)
    # None and () are how MXNet writes "not given".
    unset = {k for k, v in values.items() if (v is None or v == ()) and (op.name, k) not in NONE_IS_A_VALUE}
    unset &= {str(error["loc"][0]) for error in errors if error["loc"]}
    if unset:
        return _checked(op, {k: v for k, v in values.items() if k not in unset})
    problems = []
    for error in errors:
        key = ".".join(str(x) for x in error["loc"])
        got = "" if error["type"] == "missing" else f", got {str(error['input'])[:40]!r}"
        problems.append(f"attribute {key!r}: {error['msg']}{got}")
    return None, problems


def _unknown(key: str, text: str, known: list[str]) -> str:
    if key in INERT:
        allowed = " or ".join(attr_text(v) for v in INERT[key])
        return f"attribute {key!r}: only {allowed} is supported, got {text[:40]!r}"
    near = difflib.get_close_matches(key[:64], [*known, *FOREIGN], n=1)
    hint = f"; did you mean {near[0]!r}?" if near else f"; it has: {', '.join(known) or 'none'}"
    return f"attribute {key[:40]!r} is not one of this operator{hint}"
