"""Declared parameters: name, type, range, default and doc of a component, said once.

From the one declaration come parsing, error messages, the JSON Schema, the reference docs and generated bad values.

    @declare
    class Params:
        '''What the component does, in a line.'''
        num_filter: int = param(ge=1, doc="number of output channels")
        kernel: Spatial = param(doc="window, (height, width)")
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar, dataclass_transform

from pydantic import BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.dataclasses import dataclass

T = TypeVar("T")


def param(default: Any = ..., *, doc: str, **constraints: Any) -> Any:
    """Declare one parameter: default (none: required), one line of documentation, pydantic constraints (ge, le...)."""
    return Field(default, description=doc, **constraints)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(param,))
def declare(cls: type[T]) -> type[T]:
    """Make a class of annotated fields a frozen, keyword-only, checked dataclass that refuses unknown names."""
    made: type[T] = dataclass(cls, frozen=True, kw_only=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))  # type: ignore[assignment]
    return made


def _pair(value: Any) -> Any:
    """A scalar stands for a pair: 3 means (3, 3)."""
    if isinstance(value, int) and not isinstance(value, bool):
        return (value, value)
    return value


_PAIR = BeforeValidator(_pair, json_schema_input_type=int | tuple[int, ...])
Spatial = Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(max_length=3), _PAIR]
SpatialPad = Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(max_length=3), _PAIR]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]{1,128}$")]


@declare
class NoParams:
    """No parameters."""
