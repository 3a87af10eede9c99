"""Any record by number or key of a file that is read in pieces."""

from __future__ import annotations

from collections.abc import Iterator

from recordio.errors import DamageError
from recordio.index import Index
from recordio.ranges import RangeReader, Window

AT_ONCE = 1 << 22
"""Bytes to ask for at most before the length of the record is known: an index may leave records out."""


class RangedReader:
    """The records of one file in any order, as `IndexedReader` gives them. A context manager.

    Many threads may read at once if the file allows it.

    Args:
        file: what is read.
        index: where its records are.
        path: what errors call the file.
    """

    def __init__(self, file: RangeReader, index: Index, path: str) -> None:
        self.index, self.path = index, path
        self.file, self._size = file, file.size()

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, number: int) -> memoryview:
        """A record by its number; from the file one piece is asked for, if the index is right.

        Raises:
            IndexError: if there is none.
            DamageError: if it cannot be read.
        """
        offset, length = self._piece(number)
        try:
            return Window(self.file, offset, length).record(offset, self.path, number)[0]
        except DamageError as error:
            problem = f"{error.problem}; that a record starts here is said by its index"
            raise DamageError(self.path, offset, number, problem, error.resume) from None

    def _piece(self, number: int) -> tuple[int, int]:
        """Where a record starts, and how many bytes to ask for."""
        if not 0 <= number < len(self.index):
            raise IndexError(f"{self.path}: record {number} of {len(self.index)}")
        offsets = self.index.offsets
        offset, following = offsets[number], number + 1
        # The header of the next record says that this one is whole.
        stop = offsets[following] + 8 if following < len(offsets) else self._size
        return offset, min(stop - offset, AT_ONCE)

    def will_need(self, number: int) -> None:
        """Have a record fetched while other work is done."""
        offset, length = self._piece(number)
        self.file.will_need(offset, length)

    def get(self, key: int) -> memoryview:
        """A record by its key.

        Raises:
            KeyError: if none has it.
            DamageError: if it cannot be read.
        """
        return self[self.index.number(key)]

    def __iter__(self) -> Iterator[memoryview]:
        return map(self.__getitem__, range(len(self)))

    def close(self) -> None:
        """Close the file. Records that you keep stay valid."""
        self.file.close()

    def __enter__(self) -> RangedReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
