"""What two configurations differ in, key by key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from mxtrain.config.tree import Path, show_path


class Absent:
    """Stands for the value of a key that one of the two lacks."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = Absent()


class Difference(NamedTuple):
    """One key and its two values; ABSENT for a key that is not there."""

    key: str
    left: Any
    right: Any


def differences(left: Any, right: Any) -> list[Difference]:
    """Where two trees of plain data differ, in the order of the keys.

    Lists of one length are compared entry by entry, others as a whole. 1 and 1.0 are the same, 1 and true are not.
    """
    return [Difference(show_path(path), a, b) for path, a, b in _walk(left, right, ())]


def _walk(left: Any, right: Any, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    if isinstance(left, dict) and isinstance(right, dict):
        for key in [*left, *(k for k in right if k not in left)]:
            yield from _walk(left.get(key, ABSENT), right.get(key, ABSENT), (*path, key))
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for index, (a, b) in enumerate(zip(left, right, strict=True)):
            yield from _walk(a, b, (*path, index))
    elif isinstance(left, bool) is not isinstance(right, bool) or left != right:
        yield path, left, right
