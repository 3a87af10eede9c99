"""Parameters that name axes: a number stands for a tuple of one."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field


def _alone(value: Any) -> Any:
    return (value,) if isinstance(value, int) and not isinstance(value, bool) else value


Axes = Annotated[tuple[int, ...], BeforeValidator(_alone)]
Sizes = Annotated[tuple[Annotated[int, Field(ge=1)], ...], BeforeValidator(_alone)]
