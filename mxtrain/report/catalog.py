"""What there is, kind by kind: operators, optimizers, schedules..., each with its one line and its parameters."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import PydanticUndefined

from mxtrain.base.registry import Registry
from mxtrain.config import scalar
from mxtrain.config.component import plain
from mxtrain.config.describe import Schema, definitions, describe, fields, inner

KINDS = {
    "operators": "mxtrain.ops",
    "optimizers": "mxtrain.optim.rules",
    "schedules": "mxtrain.optim.schedules",
    "initializers": "mxtrain.init",
    "metrics": "mxtrain.metrics",
    "augmenters": "mxtrain.data.augment",
    "sources": "mxtrain.data.sources",
}
"""Kind of component -> the package that holds them."""


@dataclass(frozen=True)
class Parameter:
    """One declared parameter.

    Args:
        name: as a config writes it.
        accepts: what values, in words.
        default: as YAML; None if it must be given.
        doc: what it is.
        nested: the declared class that its value (or each entry of it) is made of, if it is one.
    """

    name: str
    accepts: str
    default: str | None
    doc: str
    nested: type[Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain data, with a default that can be told from none."""
        data: dict[str, Any] = {"name": self.name, "type": self.accepts, "required": self.default is None}
        return {**data, **({} if self.default is None else {"default": self.default}), "doc": self.doc}


def registry(kind: str) -> Registry[Any]:
    """The registry of a kind of component."""
    found: Registry[Any] = import_module(KINDS[kind]).REGISTRY
    return found


def summary(kind: str, name: str) -> str:
    """The first line of what a component's file says it is.

    Raises:
        ConfigError: if there is no such component.
    """
    return description(kind, name).partition("\n")[0]


def description(kind: str, name: str) -> str:
    """All of what a component's file says it is, without its name in front.

    Raises:
        ConfigError: if there is no such component.
    """
    found = registry(kind)
    component = found.get(name)
    # A plugin has no module of its own in the package.
    module = sys.modules.get(f"{found.package}.{name}")
    text = component.params.__doc__ if module is None else module.__doc__
    return (text or "").strip().removeprefix(f"{name}: ")


def parameters(declared: type[Any]) -> tuple[Parameter, ...]:
    """The parameters of a class made by base.params.declare, in order."""
    core: Any = TypeAdapter(declared).core_schema
    named = definitions(core)
    schemas = fields(inner(core, named))
    found = []
    for field_name, info in declared.__pydantic_fields__.items():
        name = info.alias or field_name
        words = describe(schemas[name], named) or "a value"
        nested = _nested(schemas[name], named)
        found.append(Parameter(name, words, _default(info), info.description or "", nested))
    return tuple(found)


def _default(info: Any) -> str | None:
    """The default as YAML. One that is made anew each time is a section whose keys have their own."""
    if info.default_factory is not None:
        return "{}"
    return None if info.default is PydanticUndefined else yaml_text(plain(info.default))


def yaml_text(value: Any) -> str:
    """Plain data as YAML on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar.write(str(k))}: {yaml_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(yaml_text, value)) + "]"
    return scalar.write(value)


def _nested(schema: Schema, named: Mapping[str, Schema]) -> type[Any] | None:
    """The declared class in a field's schema, also in a list."""
    while schema["type"] in ("default", "nullable", "definition-ref"):
        schema = named[schema["schema_ref"]] if schema["type"] == "definition-ref" else schema["schema"]
    if schema["type"] == "dataclass":
        cls: type[Any] = schema["cls"]
        return cls if dataclasses.is_dataclass(cls) else None
    if schema["type"] == "tuple":
        return next((found for item in schema["items_schema"] if (found := _nested(item, named))), None)
    return None
