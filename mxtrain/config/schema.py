"""The JSON Schema of a configuration, for editors: completion, documentation and errors while typing."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_EXTENDS = {
    "description": "a file, or several, whose keys these are laid on",
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
}


def json_schema(schema: type[Any], *, file: bool = True) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a class made by base.params.declare.

    Args:
        schema: the class.
        file: it describes a whole file, which may extend another and then need not hold every required key itself.
    """
    result: dict[str, Any] = {"$schema": _DIALECT, **TypeAdapter(schema).json_schema()}
    if file:
        result["properties"] = {"extends": _EXTENDS, **result.get("properties", {})}
        required = result.pop("required", [])
        if required:
            result["anyOf"] = [{"required": ["extends"]}, {"required": required}]
    return result
