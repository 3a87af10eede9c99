"""Durations: a number of steps, or a text with its unit: 500, ``500 steps``, ``5 epochs``, ``0.5 epochs``."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

from mxtrain.base.errors import ConfigError
from mxtrain.config.tree import show

_TEXT = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?) *(epochs?|steps?)")
_MOST = 10**15


def read_duration(value: Any) -> int | str:
    """A duration as it is kept: a number of steps, or ``N epochs``.

    Raises:
        ValueError: saying what a duration is.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST:
        return value
    found = _TEXT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None or float(found[1]) > _MOST or (found[2][0] == "s" and "." in found[1]):
        raise ValueError(f"must be a number of steps, or a text such as '5 epochs' or '500 steps', got {show(value)}")
    if found[2][0] == "s":
        return int(found[1])
    return f"{found[1]} {'epoch' if found[1] == '1' else 'epochs'}"


Duration = Annotated[int | str, BeforeValidator(read_duration)]


def in_steps(duration: int | str, steps_per_epoch: int | None) -> int:
    """The duration in steps, rounded to the nearest (half to even).

    Args:
        steps_per_epoch: None if the data has no known end.

    Raises:
        ConfigError: if it counts epochs of an unknown length.
    """
    if isinstance(duration, int):
        return duration
    if steps_per_epoch is None:
        raise ConfigError(
            f"a duration of {duration!r} needs the number of steps in an epoch, which the data does not know; "
            "give steps_per_epoch, or the duration in steps"
        )
    return round(float(duration.split()[0]) * steps_per_epoch)
