"""One remote file: any piece of it, fetched in blocks, kept, and fetched ahead where it is read in order."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import TypeVar

from mxtrain.data.remote.blocks import BLOCK, Blocks, Key
from mxtrain.data.remote.faults import Fault, of_error, told
from mxtrain.data.remote.retry import Policy, retry
from mxtrain.data.remote.store import Identity, Store

T = TypeVar("T")

AHEAD = 4
"""Blocks that are fetched before they are asked for, when a file is read in order."""

FLYING = 16
"""Blocks of a file that may be under way at once, besides those that somebody waits for."""

GRACE = 1.0
"""Seconds that a store may take to say that the time is over."""


class RemoteFile:
    """A file of which pieces are read: what `recordio` calls a range reader. Threads may share it.

    Args:
        url: of the file.
        of: its version; another one is not read.
        store: what holds it.
        blocks: where blocks are kept.
        policy: of attempts.
    """

    def __init__(self, url: str, of: Identity, store: Store, blocks: Blocks, policy: Policy) -> None:
        self.url, self.of = url, of
        self._store, self._blocks, self._policy = store, blocks, policy
        self._lock, self._closed = threading.Lock(), threading.Event()
        self._flying: dict[Key, Future[bytes]] = {}
        self._latest = -2

    def size(self) -> int:
        """Bytes of the file."""
        return self.of.size

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the file from `offset` on.

        Raises:
            DataError: naming file and bytes, what failed and what to do.
            ValueError: for bytes outside the file.
        """
        if offset < 0 or length < 0 or offset + length > self.of.size:
            raise ValueError(f"{self.url}: bytes {offset} to {offset + length} of {self.of.size}")
        if not length:
            return b""
        first, last = offset // BLOCK, (offset + length - 1) // BLOCK
        in_order = first in (self._latest, self._latest + 1)
        self._latest = last
        parts: list[bytes | memoryview] = []
        for number in range(first, last + 1):
            # A piece of many blocks is fetched ahead too, but not all of it at once.
            self._announce(range(number + 1, min(number + AHEAD, last) + 1))
            if in_order and number == last:
                self._announce(range(last + 1, last + 1 + AHEAD))
            start = offset - number * BLOCK if number == first else 0
            stop = offset + length - number * BLOCK if number == last else BLOCK
            parts.append(self._part(Key(self.url, self.of, number), start, stop))
        return b"".join(parts)

    def will_need(self, offset: int, length: int) -> None:
        """Have a piece fetched while other work is done."""
        stop = min(offset + length, self.of.size)
        if 0 <= offset < stop:
            self._announce(range(offset // BLOCK, (stop - 1) // BLOCK + 1))

    def _announce(self, numbers: range) -> None:
        """Start to fetch blocks that are not in memory. What goes wrong shows when they are read."""
        for number in numbers:
            key = Key(self.url, self.of, number)
            if not key.piece or len(self._flying) >= FLYING or self._closed.is_set():
                return
            # One that lies on the disk is fetched from there, at once.
            if not self._blocks.has(key) and key not in self._flying and self._blocks.get(key) is None:
                self._fly(key, self._policy.timeout)

    def _fly(self, key: Key, timeout: float) -> Future[bytes]:
        """The block under way; started if it is not."""
        with self._lock:
            flight = self._flying.get(key)
            if flight is None:
                flight = self._flying[key] = self._store.fetch(self.url, key.piece, self.of, timeout)
                fresh = True
            else:
                fresh = False
        if fresh:
            flight.add_done_callback(partial(self._land, key))
        return flight

    def _land(self, key: Key, flight: Future[bytes]) -> None:
        if not flight.cancelled() and flight.exception() is None:
            self._blocks.hold(key, flight.result(), saved=False)
        with self._lock:
            self._flying.pop(key, None)

    def _part(self, key: Key, start: int, stop: int) -> bytes | memoryview:
        data = self._blocks.piece(key, start, stop)
        return memoryview(self._fetched(key))[start:stop] if data is None else data

    def _fetched(self, key: Key) -> bytes:
        def attempt(timeout: float) -> bytes:
            if self._closed.is_set():
                raise Fault("refused", "closed already")
            return landed(self._fly(key, timeout), timeout)

        piece = key.piece
        try:
            data = retry(self._policy, f"{self.url} {key.number}", attempt, self._closed)
        except Fault as fault:
            raise told(self.url, f"bytes {piece.start} to {piece.stop}", fault) from None
        # What is used goes to the disk too.
        self._blocks.get(key)
        return data

    def close(self) -> None:
        """Stop what is under way."""
        self._closed.set()
        with self._lock:
            flying = list(self._flying.values())
        for flight in flying:
            flight.cancel()


def landed(flight: Future[T], timeout: float) -> T:
    """What a future brings.

    Raises:
        Fault: if it failed, was cancelled, or did not end.
    """
    try:
        return flight.result(timeout + GRACE)
    except CancelledError:
        raise Fault("passing", "given up by another reader") from None
    except TimeoutError as error:
        if flight.done():
            raise of_error(error) from None
        flight.cancel()
        raise Fault("passing", f"no answer within {timeout:.3g} s") from None
    except Exception as error:
        raise of_error(error) from None
