"""What a declared type accepts, in a few words, and where in it a pydantic error happened.

Reads pydantic's core schemas (plain dicts) and never changes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mxtrain.config.tree import Path, show

Schema = Mapping[str, Any]
_BOUNDS = (("gt", ">"), ("ge", ">="), ("lt", "<"), ("le", "<="), ("multiple_of", "that is a multiple of"))
_WRAPPERS = frozenset(
    {"default", "function-before", "function-after", "function-wrap", "definitions", "nullable", "dataclass"}
)
_WORDS = {"bool": "true or false", "none": "null", "dict": "a map", "dataclass-args": "a map", "any": "a value"}
SAYS = "mxtrain_says"
"""Key in a schema's metadata: what to call the values that it accepts."""


def definitions(schema: Schema) -> dict[str, Schema]:
    """The named parts of a schema."""
    named = {part["ref"]: part for part in schema.get("definitions", ())}
    return {**named, schema["ref"]: schema} if "ref" in schema else named


def inner(schema: Schema, named: Mapping[str, Schema]) -> Schema:
    """The schema without its wrappers (default, nullable, validators)."""
    while True:
        if schema["type"] == "definition-ref":
            schema = named[schema["schema_ref"]]
        elif schema["type"] in _WRAPPERS:
            schema = schema["schema"]
        else:
            return schema


def fields(schema: Schema) -> dict[str, Schema]:
    """The fields of a dataclass's schema by the name that a config uses."""
    result = {}
    for item in schema["fields"]:
        alias = item.get("validation_alias")
        result[alias if isinstance(alias, str) else item["name"]] = item["schema"]
    return result


def describe(schema: Schema | None, named: Mapping[str, Schema]) -> str | None:
    """What values the schema accepts: "a number > 0", "'auto' or a whole number". None: no words for it."""
    if schema is None:
        return None
    if says := schema.get("metadata", {}).get(SAYS):
        return str(says)
    kind = schema["type"]
    if kind == "definition-ref":
        return describe(named[schema["schema_ref"]], named)
    if kind == "nullable":
        return _either([describe(schema["schema"], named), "null"])
    if kind in _WRAPPERS:
        return describe(schema.get("json_schema_input_schema", schema["schema"]), named)
    if kind in ("int", "float"):
        noun = "a whole number" if kind == "int" else "a number"
        bounds = [f"{sign} {number(schema[key])}" for key, sign in _BOUNDS if key in schema]
        return " ".join([noun, " and ".join(bounds)]).strip()
    if kind == "str":
        return _text(schema)
    if kind in ("literal", "enum"):
        choices = schema["expected"] if kind == "literal" else [member.value for member in schema["members"]]
        return _either([show(choice) for choice in choices])
    if kind in ("list", "tuple"):
        return _list(schema, named)
    if kind == "union":
        return _either([describe(choice, named) for choice in _choices(schema)])
    return _WORDS.get(kind)


def number(value: Any) -> str:
    """A bound as errors print it: 0.0 as 0."""
    return str(int(value)) if isinstance(value, int | float) and value == value // 1 else f"{value}"


def step(schema: Schema | None, part: str | int, named: Mapping[str, Schema]) -> Schema | None:
    """The schema of the entry or field called `part`, or None."""
    if schema is None:
        return None
    schema = inner(schema, named)
    kind = schema["type"]
    if kind == "dataclass-args":
        return fields(schema).get(str(part))
    if kind == "dict":
        return schema.get("values_schema")
    if kind == "list":
        return schema.get("items_schema")
    if kind == "tuple" and isinstance(part, int):
        return _entry(schema, part)
    return None


def choose(schema: Schema, label: str | int, named: Mapping[str, Schema]) -> Schema | None:
    """The choice of a union that pydantic calls `label` in an error's location, or None."""
    for choice in _choices(schema):
        if choice["type"] == "definition-ref":
            choice = named[choice["schema_ref"]]
        name = choice["cls"].__name__ if choice["type"] == "dataclass" else choice["type"]
        if str(label).split("[")[0] == name:
            return choice
    return None


def loose(schema: Schema | None, value: Any, named: Mapping[str, Schema], path: Path = ()) -> list[tuple[Path, Schema]]:
    """Where pydantic would convert what a config should say itself: "3" or true as a number, "no" as false."""
    if schema is None or (schema["type"] == "function-before" and not isinstance(value, dict | list)):
        return []
    if schema["type"] == "definition-ref":
        return loose(named[schema["schema_ref"]], value, named, path)
    if schema["type"] in _WRAPPERS:
        return loose(schema["schema"], value, named, path)
    if schema["type"] == "union":
        choices = [choice for choice in _choices(schema) if _could_be(choice, value, named)]
        found = min((loose(choice, value, named, path) for choice in choices), key=len, default=[])
        return found if isinstance(value, dict | list) or not found else [(path, schema)]
    if isinstance(value, dict | list) and not _could_be(schema, value, named):
        return []
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return [bad for key, item in items for bad in loose(step(schema, key, named), item, named, (*path, key))]
    number = schema["type"] in ("int", "float") and isinstance(value, str | bool)
    flag = schema["type"] == "bool" and isinstance(value, str | int | float) and not isinstance(value, bool)
    return [(path, schema)] if number or flag else []


def _could_be(schema: Schema, value: Any, named: Mapping[str, Schema]) -> bool:
    """Whether a choice of a union is for this kind of value at all."""
    if schema["type"] == "function-before" and not isinstance(value, dict | list):
        return True
    if schema["type"] == "nullable" and value is None:
        return True
    schema = inner(schema, named)
    kind = schema["type"]
    if kind in ("list", "tuple"):
        return isinstance(value, list)
    if kind in ("dict", "dataclass-args"):
        return isinstance(value, dict)
    if kind in ("str", "int", "float", "bool", "literal") and isinstance(value, dict | list):
        return False
    return isinstance(value, str) if kind == "str" else kind != "literal" or value in schema["expected"]


def _choices(schema: Schema) -> list[Schema]:
    return [item[0] if isinstance(item, tuple) else item for item in schema["choices"]]


def _either(words: Sequence[str | None]) -> str | None:
    known = list(dict.fromkeys(word for word in words if word))
    if len(known) < 2 or None in words:
        return known[0] if known and None not in words else None
    return f"{', '.join(known[:-1])} or {known[-1]}"


def _text(schema: Schema) -> str:
    if "pattern" in schema:
        return f"a text that matches {schema['pattern']}"
    low, high = schema.get("min_length"), schema.get("max_length")
    if low == 1 and high is None:
        return "a text that is not empty"
    return f"a text{_count(low, high, 'characters')}"


def _list(schema: Schema, named: Mapping[str, Schema]) -> str:
    if schema["type"] == "tuple" and "variadic_item_index" not in schema:
        entries = [describe(item, named) or "a value" for item in schema["items_schema"]]
        return f"a list of {len(entries)} ({', '.join(entries)})"
    entry = describe(_entry(schema, 0) if schema["type"] == "tuple" else schema.get("items_schema"), named)
    size = _count(schema.get("min_length"), schema.get("max_length"), "entries")
    return f"a list{size}" + (f", each {entry}" if entry and entry != "a value" else "")


def _entry(schema: Schema, index: int) -> Schema | None:
    items: Sequence[Schema] = schema["items_schema"]
    variadic = schema.get("variadic_item_index")
    if variadic is not None:
        index = min(index, int(variadic))
    return items[index] if index < len(items) else None


def _count(low: int | None, high: int | None, what: str) -> str:
    if low is not None and high is not None:
        return f" of {low} to {high} {what}" if low != high else f" of {low} {what}"
    if low is not None:
        return f" of at least {low} {what}"
    return f" of at most {high} {what}" if high is not None else ""
