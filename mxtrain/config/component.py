"""Sections that choose a component by name and give it its declared parameters.

One component: ``optimizer: {name: sgd, lr: 0.1}``, or ``optimizer: sgd``:

    optimizer: Annotated[Chosen, Component(optimizers)] = param(doc="update rule")

An ordered list of them: ``augment: [{crop: {size: 28}}, normalize]``:

    augment: Annotated[tuple[Chosen, ...], Component(augmenters)] = param((), doc="what is done to each image")
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from mxtrain.base.registry import Registry
from mxtrain.config.check import Problem, as_error, check
from mxtrain.config.describe import SAYS
from mxtrain.config.tree import Path, show


@dataclass(frozen=True)
class Chosen:
    """A component that a config chose: its name and its parameters, an instance of its declared class."""

    name: str
    params: Any


@dataclass(frozen=True)
class Component:
    """Marks a field of a declared class as the choice of one component, or as an ordered list of such choices.

    Args:
        registry: gives the registry; called when a config is read, not before.
        params_of: a component's declared parameters; its attribute ``params`` if nothing else is said.
    """

    registry: Callable[[], Registry[Any]]
    params_of: Callable[[Any], type[Any]] = attrgetter("params")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """How pydantic checks the field: by our own functions."""
        one = source is Chosen
        return core_schema.no_info_plain_validator_function(
            self.choose if one else self.choose_list,
            metadata={SAYS: "a component's name, or a map with its name" if one else "a list of components"},
            serialization=core_schema.plain_serializer_function_ser_schema(plain),
        )

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """What an editor may offer for the field."""
        function: Any = core["function"]["function"]
        classes = {name: self.params_class(name) for name in self.registry().names()}
        if function == self.choose_list:
            return {"type": "array", "items": {"oneOf": _entry_schemas(classes, handler)}}
        return {"oneOf": _section_schemas(classes, handler)}

    def params_class(self, name: str) -> type[Any]:
        """The declared class of the component called `name`."""
        return self.params_of(self.registry().get(name))

    def choose(self, value: Any) -> Chosen:
        """The choice that a section makes.

        Raises:
            pydantic.ValidationError: with everything that is wrong.
        """
        if isinstance(value, Chosen):
            return value
        if isinstance(value, str):
            return self._make(value, {}, (), (), False)
        kind = self.registry().kind
        if not isinstance(value, Mapping):
            raise as_error([Problem((), f"must be the name of {_a(kind)} or a map with its name, got {show(value)}")])
        if "name" not in value:
            only = next(iter(value), "")
            inside = f"; write {{name: {only}, ...}}" if len(value) == 1 and only in self.registry() else self._names()
            raise as_error([Problem((), f"missing key 'name', which chooses the {kind}{inside}", True)])
        name = value["name"]
        if not isinstance(name, str):
            raise as_error([Problem(("name",), f"must be the name of {_a(kind)}, got {show(name)}{self._names()}")])
        rest = {key: item for key, item in value.items() if key != "name"}
        return self._make(name, rest, ("name",), (), False)

    def choose_list(self, value: Any) -> tuple[Chosen, ...]:
        """The choices that a list of single-key maps and bare names makes, in order.

        Raises:
            pydantic.ValidationError: with everything that is wrong in all of them.
        """
        if not isinstance(value, list | tuple):
            example = f"[{value}]" if isinstance(value, str) else "- NAME: {...}, one entry a line"
            raise as_error([Problem((), f"must be a list, got {show(value)}; write {example}")])
        problems: list[Problem] = []
        chosen: list[Chosen] = []
        for index, item in enumerate(value):
            found = self._entry(item, index)
            if isinstance(found, Chosen):
                chosen.append(found)
            else:
                problems += found
        if problems:
            raise as_error(problems)
        return tuple(chosen)

    def _entry(self, item: Any, index: int) -> Chosen | list[Problem]:
        kind = self.registry().kind
        if isinstance(item, Chosen):
            return item
        if isinstance(item, str):
            return self._build(item, {}, (index,), (index,), False)
        if not isinstance(item, Mapping) or not item:
            return [Problem((index,), f"must be the name of {_a(kind)} or a map NAME: {{...}}, got {show(item)}")]
        name, params = next(iter(item.items()))
        if len(item) > 1:
            advice = f"; indent the parameters of {show(name)} further" if params is None else ""
            keys = ", ".join(show(key) for key in item)
            return [Problem((index,), f"must be one name with its parameters, got the keys {keys}{advice}")]
        if params is not None and not isinstance(params, Mapping):
            return [Problem((index, name), f"must be a map of the parameters of {show(name)}, got {show(params)}")]
        return self._build(name, dict(params or {}), (index, name), (index, name), True)

    def _make(self, name: str, rest: Mapping[str, Any], name_at: Path, params_at: Path, key: bool) -> Chosen:
        found = self._build(name, rest, name_at, params_at, key)
        if isinstance(found, Chosen):
            return found
        raise as_error(found)

    def _build(
        self, name: str, rest: Mapping[str, Any], name_at: Path, params_at: Path, key: bool
    ) -> Chosen | list[Problem]:
        registry = self.registry()
        if name not in registry:
            return [Problem(name_at, registry.unknown(name[:64]), key)]
        params, problems = check(self.params_class(name), rest)
        if problems:
            return [problem._replace(path=(*params_at, *problem.path)) for problem in problems]
        return Chosen(name, params)

    def _names(self) -> str:
        return f"; there are: {', '.join(self.registry().names())}"


def plain(value: Any) -> Any:
    """A filled record as plain data that reads back as the same: defaults included, under the names a config uses."""
    if isinstance(value, Chosen):
        return {"name": value.name, **plain(value.params)}
    if isinstance(value, list | tuple):
        return [_plain_entry(item) if isinstance(item, Chosen) else plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {_config_name(value, item.name): plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return plain(getattr(value, "value", None)) if hasattr(value, "value") else str(value)


def _plain_entry(chosen: Chosen) -> Any:
    params = plain(chosen.params)
    return {chosen.name: params} if params else chosen.name


def _config_name(record: Any, name: str) -> str:
    info = getattr(type(record), "__pydantic_fields__", {}).get(name)
    return info.alias if info is not None and info.alias else name


def _a(kind: str) -> str:
    return f"an {kind}" if kind[:1] in "aeiou" else f"a {kind}"


def _section_schemas(classes: Mapping[str, type[Any]], handler: GetJsonSchemaHandler) -> list[JsonSchemaValue]:
    result: list[JsonSchemaValue] = _bare(classes)
    for name, cls in classes.items():
        params = handler.resolve_ref_schema(_class_schema(cls, handler))
        properties = {"name": {"const": name}, **params.get("properties", {})}
        required = ["name", *params.get("required", [])]
        result.append({**params, "title": name, "properties": properties, "required": required})
    return result


def _entry_schemas(classes: Mapping[str, type[Any]], handler: GetJsonSchemaHandler) -> list[JsonSchemaValue]:
    result: list[JsonSchemaValue] = _bare(classes)
    for name, cls in classes.items():
        properties = {name: _class_schema(cls, handler)}
        if not _needs(cls):
            properties = {name: {"anyOf": [properties[name], {"type": "null"}]}}
        result.append({"type": "object", "title": name, "properties": properties, "required": [name]})
        result[-1]["additionalProperties"] = False
    return result


def _class_schema(cls: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
    return handler(cls.__pydantic_core_schema__)


def _bare(classes: Mapping[str, type[Any]]) -> list[JsonSchemaValue]:
    """The names that may stand alone, as their components need no parameter."""
    names = [name for name, cls in classes.items() if not _needs(cls)]
    return [{"enum": names}] if names else []


def _needs(cls: Any) -> bool:
    """Whether a declared class has a parameter without a default."""
    return any(info.is_required() for info in cls.__pydantic_fields__.values())
