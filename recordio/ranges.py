"""Records of a file of which pieces are read as they are needed: from a remote store, or anything else with ranges."""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol

from recordio.errors import DamageError, ShortError
from recordio.format import HEADER_SIZE, find_start
from recordio.record import read_record
from recordio.scan import Check, Damage, Losses

BLOCK = 1 << 22
"""Bytes that a walk asks for at once."""


class RangeReader(Protocol):
    """A file that gives any piece of it. What it raises passes through to the caller."""

    def size(self) -> int:
        """Bytes of the file; always the same number."""

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset` on; both lie in the file."""

    def will_need(self, offset: int, length: int) -> None:
        """That a piece will be read soon; a file may fetch it meanwhile, or do nothing."""

    def close(self) -> None:
        """Give back what is held."""


class Window:
    """What a walk holds of a file: the bytes from `base` on, so far as they have been asked for.

    Args:
        file: what is read.
        start: where the walk begins, a multiple of 4.
        block: bytes to ask for at once.
    """

    def __init__(self, file: RangeReader, start: int, block: int = BLOCK) -> None:
        self.size, self.base = file.size(), start
        self._file, self._block, self._data = file, block, b""

    def _extend(self, start: int, stop: int) -> None:
        """Drop what lies before `start`, have what follows up to `stop` at least."""
        end = self.base + len(self._data)
        kept = memoryview(self._data)[start - self.base :]
        # In proportion to what is kept: a record of many blocks is otherwise copied at each of them.
        wanted = min(max(stop - end, self._block, len(kept)), self.size - end)
        more = self._file.read(end, wanted) if wanted > 0 else b""
        self.base, self._data = start, b"".join((kept, more)) if kept else more

    def record(self, offset: int, path: str, number: int | None) -> tuple[memoryview, int]:
        """The record at `offset`, which is not before `base`, and where the next one starts. See `read_record`.

        Raises:
            DamageError: if it cannot be read.
        """
        while True:
            try:
                return read_record(memoryview(self._data), offset, path, number, self.base, self.size)
            except ShortError as error:
                self._extend(offset, error.stop)

    def find(self, offset: int, stop: int) -> int:
        """The first place at or after `offset` where a record may start; `stop` if none is before that."""
        stop = min(stop, self.size)
        while offset < stop:
            end = self.base + len(self._data)
            found = self.base + find_start(self._data, offset - self.base)
            if found < end or end == self.size:
                return min(found, stop)
            # A header that the window cuts is looked at again.
            offset = max(offset, end - HEADER_SIZE + 4 & -4)
            self._extend(min(offset, end) & -4, end + 1)
        return stop


def scan_ranges(
    file: RangeReader,
    path: str,
    span: tuple[int, int] | None = None,
    losses: Losses | None = None,
    check: Check | None = None,
    block: int = BLOCK,
) -> Generator[tuple[int, memoryview], None, None]:
    """(Offset, payload) of each record that starts within a span, as `scan` gives them of a mapped file.

    What is held: a block, and the longest record in pieces up to twice its length. Payloads keep their block in memory.

    Args:
        file: what is read, from `span`'s start on and no part of it twice.
        path: what errors call it.
        span: start and stop, both where a record starts or the file ends; all of the file if None.
        losses: damaged records are counted here and skipped; None: they raise.
        check: called with each record before it is delivered.
        block: bytes to ask for at once.

    Raises:
        DamageError: for the first damaged record, unless they are skipped.
    """
    offset, stop = span or (0, file.size())
    window, number = Window(file, offset, block), 0
    while offset < stop:
        try:
            payload, after = window.record(offset, path, number)
            if check:
                check(offset, payload, number, after)
        except DamageError as error:
            if losses is None:
                raise
            after = window.find(error.resume, stop)
            losses.add(Damage(path, offset, min(after, stop) - offset, number, str(error)))
        else:
            yield offset, payload
        number, offset = number + 1, after


def span_of(file: RangeReader, start: int, stop: int, block: int = BLOCK) -> tuple[int, int]:
    """The records of a byte range (`byte_ranges`): from the first that starts in it to the first behind it."""
    size = file.size()
    first, last = (
        Window(file, at & -4, block).find(at, size) if at else 0 for at in (min(start, size), min(stop, size))
    )
    return first, last
