"""Conditions on the values that a run or an evaluation ends with: ``val.accuracy>=0.9``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from mxtrain.base.errors import GuardFailed, UsageError

_TEXT = re.compile(r"([A-Za-z0-9_.]{1,64})(>=|<=|>|<)([-+0-9.eE]{1,32})")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip


class Requirement(NamedTuple):
    """One condition."""

    name: str
    compare: str
    bound: float


def parse_requirements(texts: Sequence[str]) -> list[Requirement]:
    """The conditions that texts mean.

    Raises:
        UsageError: for a text that is none.
    """
    found = []
    for text in texts:
        m = _TEXT.fullmatch(text.replace(" ", ""))
        try:
            found.append(Requirement(m[1], m[2], float(m[3])) if m else _refuse(text))
        except ValueError:
            _refuse(text)
    return found


def _refuse(text: str) -> Requirement:
    raise UsageError(f"--require: expected a condition such as val.accuracy>=0.9, got {text!r}")


def check_names(requirements: Sequence[Requirement], known: Sequence[str]) -> None:
    """Check that every value that is asked for will be measured.

    Raises:
        UsageError: naming the first that will not, and what there is.
    """
    for name in (r.name for r in requirements if r.name not in known):
        near = [k for k in known if k.endswith(f".{name}")] or get_close_matches(name, known, n=1)
        hint = f"did you mean {near[-1]!r}? " if near else ""
        raise UsageError(f"--require: no value {name!r}; {hint}there are: {', '.join(known)}")


def require_all(requirements: Sequence[Requirement], values: Mapping[str, float]) -> None:
    """Check every condition.

    Raises:
        UsageError: if a value that is asked for was not measured.
        GuardFailed: naming the conditions that do not hold, and the values.
    """
    check_names(requirements, list(values))
    failed = [r for r in requirements if not _COMPARE[r.compare](values[r.name], r.bound)]
    if failed:
        texts = (f"{r.name} is {values[r.name]:g}, required {r.compare}{r.bound:g}" for r in failed)
        raise GuardFailed("; ".join(texts))
