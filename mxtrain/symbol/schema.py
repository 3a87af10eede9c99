"""The JSON Schema of the ``net:`` section and of net files, for editors: layers with their parameters, and their docs.

Looser than the builder, which knows blocks, expressions and shapes: what it accepts, the schema accepts, but for
parameters of a block that is called like an operator.
"""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from mxtrain.graph import Op
from mxtrain.ops import REGISTRY
from mxtrain.symbol.item import WORDS
from mxtrain.symbol.section import BRANCHES

Schema = dict[str, Any]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_LAYERS: Schema = {"$ref": "#/$defs/NetLayers"}
_TEXTS: Schema = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_WORDS: Schema = {"type": "object"}
_OWN: Schema = {
    "name": {"type": "string", "description": "name of the layer; default: operator and number"},
    "from": {"description": "layers whose results it takes; default: the one before", **_TEXTS},
    "inputs": {"type": "object", "description": "further inputs by name: input -> layer"},
    "repeat": {"type": ["integer", "string"], "description": "how often it is applied, one after the other"},
    "when": {"type": ["boolean", "string", "number"], "description": "left out unless this holds"},
}
"""Keys of every layer, beside its parameters."""


def net_schema() -> tuple[Schema, Schema]:
    """The schema of a ``net:`` section, and the definitions that it refers to."""
    file = {
        "type": "object",
        "properties": {"file": {"type": "string", "description": "a net file; the other keys are its parameters"}},
        "required": ["file"],
    }
    symbol = {
        "type": "object",
        "properties": {
            "symbol": {"type": "string", "description": "MXNet's symbol file"},
            "from": {"description": "layers of it behind which it is cut; default: its outputs", **_TEXTS},
            "net": {"description": "layers that follow", **_LAYERS},
        },
        "required": ["symbol"],
        "additionalProperties": False,
    }
    return {"anyOf": [_LAYERS, file, symbol, _section()]}, _definitions()


def net_file_schema() -> Schema:
    """The schema of a net file."""
    return {"$schema": _DIALECT, "title": "Net", **_section(), "$defs": _definitions()}


def _section() -> Schema:
    parts: Schema = {
        "params": {**_WORDS, "description": "parameters and their defaults; nothing: required"},
        "let": {**_WORDS, "description": "values computed from the parameters"},
        "net": _LAYERS,
    }
    block = {"type": "object", "properties": parts, "required": ["net"], "additionalProperties": False}
    return {
        "type": "object",
        "properties": {
            **parts,
            "blocks": {"type": "object", "description": "used like operators", "additionalProperties": block},
            "inputs": {"type": "array", "items": {"type": "string"}, "description": "names of inputs; default: [data]"},
            "outputs": {"type": "array", "items": {"type": "string"}, "description": "default: the last layer"},
            "input_shape": {
                "type": "array",
                "items": {"type": "integer", "minimum": 1},
                "minItems": 1,
                "description": "shape of the samples that the net is made for; default: [3, 224, 224]",
            },
        },
        "required": ["net"],
        "additionalProperties": False,
    }


def _definitions() -> Schema:
    operators = {name: REGISTRY.get(name) for name in REGISTRY.names()}
    known = {**operators, **{word: operators[name] for word, name in WORDS.items()}}
    layers = {
        BRANCHES: {"type": "array", "items": _LAYERS, "minItems": 2, "description": "all take what comes in"},
        **{word: {"$ref": f"#/$defs/layer.{op.name}"} for word, op in known.items()},
    }
    # Any other name may be that of a block.
    layer = {"type": "object", "properties": layers, "minProperties": 1, "maxProperties": 1}
    names = {"anyOf": [{"enum": sorted(known)}, {"type": "string"}]}
    return {
        "NetLayers": {"type": "array", "items": {"anyOf": [*names["anyOf"], layer]}, "description": "layers, in order"},
        **{f"layer.{name}": _layer(op) for name, op in operators.items()},
    }


def _layer(op: Op) -> Schema:
    declared = TypeAdapter(op.params).json_schema()
    properties = {key: _or_expression(value) for key, value in declared.get("properties", {}).items()}
    # The number of inputs is counted, not written.
    required = [key for key in declared.get("required", []) if key != "num_args"]
    return {
        "type": ["object", "null"],
        "description": declared.get("description", op.name),
        "properties": {**_OWN, **properties},
        "additionalProperties": False,
        **({"required": required, "type": "object"} if required else {}),
    }


def _or_expression(schema: Schema) -> Schema:
    """A value, or a text that computes it; so is each entry of a list."""
    outside: Schema = {key: schema[key] for key in ("description", "default") if key in schema}
    inside = {key: value for key, value in schema.items() if key not in (*outside, "title")}
    if isinstance(inside.get("items"), dict):
        inside["items"] = _or_expression(inside["items"])
    for key in ("anyOf", "prefixItems"):
        if key in inside:
            inside[key] = [_or_expression(part) for part in inside[key]]
    return {"anyOf": [inside, {"type": "string"}], **outside}
