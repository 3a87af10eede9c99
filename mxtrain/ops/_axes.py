"""Parameters that name axes: a number stands for a tuple of one."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field


def _alone(value: Any) -> Any:
    return (value,) if isinstance(value, int) and not isinstance(value, bool) else value


_Size = Annotated[int, Field(ge=1)]
Axes = Annotated[tuple[int, ...], BeforeValidator(_alone, json_schema_input_type=int | tuple[int, ...])]
Sizes = Annotated[tuple[_Size, ...], BeforeValidator(_alone, json_schema_input_type=_Size | tuple[_Size, ...])]
