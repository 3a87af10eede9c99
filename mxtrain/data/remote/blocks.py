"""Blocks in memory in front of those on the disk, shared by the files of one reader."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import NamedTuple

from mxtrain.data.remote.cache import DiskCache
from mxtrain.data.remote.store import Identity

BLOCK = 1 << 20
MEMORY = 64 << 20
SMALL = BLOCK // 4
"""A smaller piece of a block is read from the disk alone; for a larger one the block comes into memory."""


class Key(NamedTuple):
    """One block of one version of an object."""

    url: str
    of: Identity
    number: int

    @property
    def piece(self) -> range:
        """The bytes that it holds."""
        return range(self.number * BLOCK, min((self.number + 1) * BLOCK, self.of.size))


class Blocks:
    """The blocks used last. Threads may share it.

    Args:
        disk: where blocks are kept; None: nowhere.
        memory: most to hold, in bytes.
    """

    def __init__(self, disk: DiskCache | None, memory: int = MEMORY) -> None:
        self._disk, self._limit, self._held = disk, memory, 0
        self._lock = threading.Lock()
        self._blocks: OrderedDict[Key, bytes] = OrderedDict()
        self._unsaved: set[Key] = set()
        self._checked: set[Key] = set()

    def piece(self, key: Key, start: int, stop: int) -> bytes | memoryview | None:
        """Bytes of a block, from memory or else from the disk."""
        if stop - start < SMALL and self._disk and key in self._checked and not self._in_memory(key):
            # Records at random from many blocks: a whole block for each would be read in vain.
            data = self._disk.part(key.url, key.of, BLOCK, key.number, range(start, stop))
            if data is not None:
                return data
            self._checked.discard(key)
        block = self.get(key)
        return None if block is None else memoryview(block)[start:stop]

    def get(self, key: Key) -> bytes | None:
        """A block, from memory or else from the disk."""
        with self._lock:
            data = self._blocks.get(key)
            unsaved = key in self._unsaved
            self._unsaved.discard(key)
            if data is not None:
                self._blocks.move_to_end(key)
        if data is None:
            data = self._disk.get(key.url, key.of, BLOCK, key.number, len(key.piece)) if self._disk else None
            if data is not None:
                self._checked.add(key)
                self.hold(key, data, saved=True)
        elif unsaved:
            self.save(key, data)
        return data

    def has(self, key: Key) -> bool:
        """Whether a block is in memory or, as far as is known, on the disk."""
        return key in self._checked or self._in_memory(key)

    def _in_memory(self, key: Key) -> bool:
        with self._lock:
            return key in self._blocks

    def hold(self, key: Key, data: bytes, *, saved: bool) -> None:
        """Hold a block in memory; it goes to the disk, if it is not there, when it is used for the first time."""
        with self._lock:
            self._held += len(data) - len(self._blocks.pop(key, b""))
            self._blocks[key] = data
            if not saved:
                self._unsaved.add(key)
            while self._held > self._limit and len(self._blocks) > 1:
                old, content = self._blocks.popitem(last=False)
                self._held -= len(content)
                self._unsaved.discard(old)

    def save(self, key: Key, data: bytes) -> None:
        """Put a block to the disk."""
        if self._disk:
            self._disk.put(key.url, key.of, BLOCK, key.number, data)
