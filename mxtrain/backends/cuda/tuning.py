"""Timed choices: which of several implementations a shape gets. Timed once per device and key, kept on the disk.

A choice can change the bits of a result, so a run records its choices and a resumed run is given them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from mxtrain.backends.cuda import cache as disk


def key_of(*parts: object) -> str:
    """A key out of what the choice depends on: library and version, what is computed, types, shapes, geometry."""
    return " ".join(str(p) for p in parts)


class Tuning:
    """Choices by key.

    Args:
        file: name of the file in the cache that keeps them; "": they are not kept.
        deterministic: whether only implementations that give the same bits every time may be offered.
    """

    def __init__(self, file: str = "", deterministic: bool = False) -> None:
        self.file, self.deterministic = file, deterministic
        self.used: dict[str, str] = {}
        self.trial: Callable[[], AbstractContextManager[Any]] = nullcontext
        """Around measurements: what they allocate is let go of afterwards."""
        self._given: dict[str, str] = {}
        self._known: dict[str, str] = _loads(disk.read(file)) if file else {}

    def give(self, choices: Mapping[str, str]) -> None:
        """Choices of an earlier run, which come before everything else."""
        self._given = dict(choices)

    def choose(self, key: str, names: Sequence[str], measure: Callable[[str], float]) -> str:
        """One of `names`: what an earlier run used, what was timed before, or what `measure` finds fastest.

        Args:
            names: implementations offered now, what a quick guess would take first.
            measure: seconds (any unit) that an implementation takes; infinite if it cannot run.
        """
        for known in (self._given, self._known):
            if known.get(key) in names:
                self.used[key] = known[key]
                return known[key]
        if len(names) == 1:
            best = names[0]
        else:
            with self.trial():
                best = min(names, key=measure)
            best = self._known[key] = self._kept(key, names, best)
        self.used[key] = best
        return best

    def _kept(self, key: str, names: Sequence[str], best: str) -> str:
        """`best` after it has been kept; or what another process kept for the key since, so that both do the same."""
        if not self.file:
            return best
        with disk.locked(self.file) as held:
            if not held:
                return best
            # The first choice of a key stays in the file, and the one that this run has used stays with this run.
            kept = {**self._known, **_loads(disk.read(self.file))}
            if kept.get(key) not in names:
                kept[key] = best
            disk.write(self.file, json.dumps(kept, indent=0, sort_keys=True).encode())
        self._known = {**kept, **self._known}
        return kept[key]


def _loads(data: bytes | None) -> dict[str, str]:
    try:
        found = json.loads(data) if data else {}
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}
