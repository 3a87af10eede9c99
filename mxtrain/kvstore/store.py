"""KVStore: keyed values that are pushed to and pulled from. MXNet's protocol: init, push, pull, set_updater.

``local`` sums what the devices of one process push; ``device`` also over the ranks of a communicator. Without an
updater a push replaces the value by the sum; with one it is ``updater(key, sum, value)``, which changes the value in
place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from mxtrain.base.errors import ConfigError
from mxtrain.kvstore.communicator import Communicator

Updater = Callable[[str, Any, Any], None]


class KVStore(Protocol):
    """Keyed values."""

    @property
    def rank(self) -> int:
        """Which worker this is."""

    @property
    def size(self) -> int:
        """How many workers there are."""

    def init(self, key: str, value: Any) -> None:
        """Set the value of a new key; where there are several workers, that of rank 0 holds.

        Raises:
            ConfigError: if there is the key already.
        """

    def push(self, key: str, values: Sequence[Any]) -> None:
        """Give the sum of these arrays, one per device, to the key.

        Raises:
            ConfigError: if there is no such key, or a shape is another.
        """

    def pull(self, key: str, outs: Sequence[Any]) -> None:
        """Copy the value, with all that was pushed before, into these arrays.

        Raises:
            ConfigError: if there is no such key, or a shape is another.
        """

    def set_updater(self, updater: Updater) -> None:
        """Change values by a rule instead of replacing them."""


class Store:
    """The store of one worker.

    Args:
        xp: array module of the values.
        communicator: of the workers; None: there is one.
    """

    def __init__(self, xp: Any, communicator: Communicator | None = None) -> None:
        self.xp, self.communicator = xp, communicator
        self._values: dict[str, Any] = {}
        self._sums: dict[str, Any] = {}
        self._updater: Updater | None = None

    @property
    def rank(self) -> int:
        """Which worker this is."""
        return self.communicator.rank if self.communicator else 0

    @property
    def size(self) -> int:
        """How many workers there are."""
        return self.communicator.size if self.communicator else 1

    def init(self, key: str, value: Any) -> None:
        """Set the value of a new key."""
        if key in self._values:
            raise ConfigError(f"the key {key!r} exists already; a key is set once, then pushed to")
        mine = self.xp.array(value, copy=True, order="C")
        if self.communicator:
            self.communicator.broadcast(mine.reshape(-1))
        self._values[key], self._sums[key] = mine, self.xp.empty_like(mine)

    def push(self, key: str, values: Sequence[Any]) -> None:
        """Give the sum of these arrays to the key."""
        stored = self._of(key, values)
        total = self._sums[key]
        total[...] = values[0]
        for v in values[1:]:
            self.xp.add(total, v, out=total)
        if self.communicator:
            self.communicator.all_reduce(total.reshape(-1))
        if self._updater is None:
            stored[...] = total
        else:
            self._updater(key, total, stored)

    def pull(self, key: str, outs: Sequence[Any]) -> None:
        """Copy the value into these arrays."""
        stored = self._of(key, outs)
        for o in outs:
            o[...] = stored

    def set_updater(self, updater: Updater) -> None:
        """Change values by a rule."""
        self._updater = updater

    def _of(self, key: str, arrays: Sequence[Any]) -> Any:
        if key not in self._values:
            raise ConfigError(f"there is no key {key!r}; init it first")
        stored = self._values[key]
        for a in arrays:
            if a.shape != stored.shape:
                raise ConfigError(f"key {key!r}: the array must be {stored.shape}, got {tuple(a.shape)}")
        return stored


def create(name: str, xp: Any, communicator: Communicator | None = None) -> KVStore:
    """The store called `name`: ``local`` or ``device``.

    Args:
        xp: array module of the values.
        communicator: of the workers, for ``device``.

    Raises:
        ConfigError: for another name, or workers that ``local`` does not know of.
    """
    if name not in ("local", "device"):
        raise ConfigError(f"kvstore must be local or device, got {name!r}")
    if name == "local" and communicator is not None and communicator.size > 1:
        raise ConfigError(f"kvstore local knows one worker, and there are {communicator.size}; use device")
    return Store(xp, communicator if name == "device" else None)
