"""Any record of a file, or of many files that are one data set, by number or by key."""

from __future__ import annotations

import mmap
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from recordio.checksum import Checksums
from recordio.errors import DamageError
from recordio.files import Mapped
from recordio.index import Index, open_index
from recordio.ranged import RangedReader
from recordio.record import read_record
from recordio.scan import WINDOW

PathLike = str | os.PathLike[str]

AROUND = 1 << 16
"""Bytes that Linux maps around the one that is touched."""


class IndexedReader:
    """The records of one file in any order. A context manager; many threads may read at once.

    Records are numbered by their place in the file, as MXNet's own readers with an index do. Each is a view of the
    mapped file, as with `Reader`, and stays valid when the reader is closed.

    Args:
        path: the `.rec`.
        index: where its records are; None: `open_index(path)`.
        verify: compare each record with the file's checksums (`.rec.crc`), which must be there.

    Raises:
        RecordIOError: for a damaged `.idx`, or checksums that are not there or damaged.
        OSError: if a file cannot be opened.
    """

    def __init__(self, path: PathLike, *, index: Index | None = None, verify: bool = False) -> None:
        self.path = Path(path)
        self.index = open_index(path) if index is None else index
        self._mapped = Mapped(path)
        self._name, self._sums = str(path), None
        if verify:
            try:
                self._sums = Checksums(path, self._mapped.size)
            except BaseException:
                self._mapped.close()
                raise
        self._touched = 0

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, number: int) -> memoryview:
        """A record by its number.

        Raises:
            IndexError: if there is none.
            DamageError: if it cannot be read.
        """
        offset = self.index.offsets[self._check(number)]
        try:
            payload, after = read_record(self._mapped.view, offset, self._name, number)
        except DamageError as error:
            problem = f"{error.problem}; that a record starts here is said by its index"
            raise DamageError(self._name, offset, number, problem, error.resume) from None
        if self._sums:
            self._sums.check(offset, payload, number, after)
        self._touched += after - offset + AROUND
        if self._touched > WINDOW:
            self._touched = 0
            self._mapped = self._mapped.anew()
        return payload

    def _check(self, number: int) -> int:
        if not 0 <= number < len(self.index):
            raise IndexError(f"{self._name}: record {number} of {len(self.index)}")
        return number

    def get(self, key: int) -> memoryview:
        """A record by its key.

        Raises:
            KeyError: if none has it.
            DamageError: if it cannot be read.
        """
        return self[self.index.number(key)]

    def __iter__(self) -> Iterator[memoryview]:
        return map(self.__getitem__, range(len(self)))

    def will_need(self, number: int) -> None:
        """Have a record brought into memory while other work is done."""
        offsets, following = self.index.offsets, self._check(number) + 1
        stop = offsets[following] if following < len(offsets) else self._mapped.size
        self._mapped.advise(mmap.MADV_WILLNEED, offsets[number], stop)

    def close(self) -> None:
        """Give the file back. Records that you keep stay valid."""
        self._mapped.close()

    def __enter__(self) -> IndexedReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class ShardedReader:
    """The records of several files as one data set, numbered through. A context manager.

    Keys belong to a file: ask `shards[i].get(key)`.

    Args:
        paths: the files, in order; also readers, which it closes then.
        verify: as of `IndexedReader`.

    Raises:
        RecordIOError, OSError: as of `IndexedReader`.
    """

    def __init__(self, paths: Sequence[PathLike | IndexedReader | RangedReader], *, verify: bool = False) -> None:
        self.shards: list[IndexedReader | RangedReader] = []
        try:
            for path in paths:
                if not isinstance(path, IndexedReader | RangedReader):
                    path = IndexedReader(path, verify=verify)
                self.shards.append(path)
        except BaseException:
            self.close()
            raise
        self._ends = list(accumulate(map(len, self.shards)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def locate(self, number: int) -> tuple[int, int]:
        """Which shard holds a record, and its number there.

        Raises:
            IndexError: if there is no such record.
        """
        if not 0 <= number < len(self):
            raise IndexError(f"record {number} of {len(self)}")
        shard = bisect_right(self._ends, number)
        return shard, number - (self._ends[shard - 1] if shard else 0)

    def __getitem__(self, number: int) -> memoryview:
        """A record by its number.

        Raises:
            IndexError: if there is none.
            DamageError: if it cannot be read.
        """
        shard, inside = self.locate(number)
        return self.shards[shard][inside]

    def __iter__(self) -> Iterator[memoryview]:
        return map(self.__getitem__, range(len(self)))

    def will_need(self, number: int) -> None:
        """Have a record brought into memory while other work is done."""
        shard, inside = self.locate(number)
        self.shards[shard].will_need(inside)

    def close(self) -> None:
        """Give the files back. Records that you keep stay valid."""
        for shard in self.shards:
            shard.close()

    def __enter__(self) -> ShardedReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
