"""The records of a mapped file one after the other, and what is done about damaged ones."""

from __future__ import annotations

import mmap
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from recordio.errors import DamageError
from recordio.files import Mapped
from recordio.format import find_start
from recordio.record import read_record

Check = Callable[[int, memoryview, int | None, int], None]
"""Raises DamageError if a record (offset, payload, number, offset of the next) is not what it must be."""

WINDOW = 1 << 25
"""Bytes asked for ahead, and given back when they are passed: memory stays the same over a file of any size."""

FAST = 4e9
"""Bytes per second."""

LISTED = 100


@dataclass(frozen=True)
class Damage:
    """A region that was skipped.

    Args:
        path: the file.
        offset: where the record starts that could not be read.
        size: bytes up to the next place where a record may start.
        record: its number, counted from 0 where reading of this file started.
        problem: the whole message.
    """

    path: str
    offset: int
    size: int
    record: int
    problem: str


@dataclass
class Losses:
    """What was skipped.

    Args:
        records: at least so many: a region of which nothing is known counts as one.
        bytes: in all regions.
        first: the first LISTED regions.
        tell: is told of every region.
    """

    records: int = 0
    bytes: int = 0
    first: list[Damage] = field(default_factory=list)
    tell: Callable[[Damage], None] | None = None

    def add(self, damage: Damage) -> None:
        """Count one region."""
        self.records += 1
        self.bytes += damage.size
        if len(self.first) < LISTED:
            self.first.append(damage)
        if self.tell:
            self.tell(damage)


def scan(
    mapped: Mapped,
    path: str,
    span: tuple[int, int] | None = None,
    losses: Losses | None = None,
    check: Check | None = None,
) -> Generator[tuple[int, memoryview], None, None]:
    """(Offset, payload) of each record that starts within a span.

    Args:
        mapped: the file.
        path: what errors call it.
        span: start and stop, both where a record starts or the file ends; all of the file if None.
        losses: damaged records are counted here and skipped; None: they raise.
        check: called with each record before it is delivered.

    Raises:
        DamageError: for the first damaged record, unless they are skipped.
    """
    data, buffer = mapped.view, mapped.buffer
    offset, stop = span or (0, mapped.size)
    number, passed, mark, then = 0, offset, offset, float("-inf")
    while offset < stop:
        if offset >= mark:
            mapped.advise(mmap.MADV_DONTNEED, passed, offset)
            now = time.monotonic()
            # Asking costs as much as a tenth of reading what is in memory already, as a pace beyond any disk's says.
            if now - then > WINDOW / FAST:
                mapped.advise(mmap.MADV_WILLNEED, offset, min(offset + 2 * WINDOW, stop))
            passed, mark, then = offset, offset + WINDOW, now
        try:
            payload, after = read_record(data, offset, path, number)
            if check:
                check(offset, payload, number, after)
        except DamageError as error:
            if losses is None:
                raise
            after = find_start(buffer, error.resume)
            losses.add(Damage(path, offset, min(after, stop) - offset, number, str(error)))
        else:
            yield offset, payload
        number, offset = number + 1, after
