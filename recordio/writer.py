"""New record files, which get their names when they are whole and on the disk."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from recordio.checksum import Table
from recordio.errors import RefusedError
from recordio.files import Pending, cache_path, crc_path, idx_path, publish
from recordio.format import LIMIT, encode
from recordio.idx import line

KEYS = 1 << 64


class Writer:
    """Writes a `.rec` as MXNet 1.9.1 does, byte for byte. A context manager.

    Leaving it normally gives the file its name, and those beside it theirs; leaving it by an exception leaves no trace.
    Files that described an earlier `.rec` of the name (`.idx`, `.rec.crc`, `.rec.index`) go with it.

    Args:
        path: the `.rec`.
        index: write `.idx` too.
        checksum: write `.rec.crc` too.
        limit: records must be shorter than this, in bytes.

    Raises:
        OSError: if a file cannot be made.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, index: bool = True, checksum: bool = True, limit: int = LIMIT
    ) -> None:
        if not 1 <= limit <= LIMIT:
            raise ValueError(f"limit must be in [1, {LIMIT}], got {limit}")
        self.path, self.records, self._limit = Path(path), 0, limit
        if idx_path(self.path) == self.path:
            raise RefusedError(f"{self.path}: the name belongs to an index; expected NAME.rec")
        self._offset, self._sum = 0, hashlib.sha256()
        self._open, self._failed = True, False
        self._seen: dict[int, int] = {}
        self._pending: list[Pending] = []
        self._idx: Pending | None = None
        self._table: Table | None = None
        try:
            self._rec = self._create(self.path)
            if index:
                self._idx = self._create(idx_path(self.path))
            if checksum:
                self._table = Table(self._create(crc_path(self.path)))
        except BaseException:
            self.abort()
            raise

    def _create(self, path: Path) -> Pending:
        pending = Pending(path)
        self._pending.append(pending)
        return pending

    def write(self, record: bytes | bytearray | memoryview, key: int | None = None) -> int:
        """Append a record.

        Args:
            record: the payload, bytes.
            key: for the index; the record's number if None.

        Returns:
            the offset of the record in the file.

        Raises:
            RefusedError: for a record that is too large, or a key that is in use or no unsigned 64-bit number. Nothing
                is written of it, and the writer can go on.
            OSError: if it cannot be written; the writer is of no use then.
        """
        if not self._open:
            raise RefusedError(f"{self.path}: the writer is closed")
        size = record.nbytes if isinstance(record, memoryview) else len(record)
        if size >= self._limit:
            raise RefusedError(
                f"{self.path}: record {self.records}: {size} bytes; a record must be shorter than {self._limit}"
            )
        if self._idx:
            self._use(self.records if key is None else key)
        data = record if isinstance(record, bytes) else bytes(record)
        try:
            return self._append(data, self.records if key is None else key)
        except BaseException:
            # Half a record may be in the file, so it must never get its name.
            self._failed = True
            self.abort()
            raise

    def _append(self, record: bytes, key: int) -> int:
        offset = self._offset
        for piece in encode(record):
            self._rec.file.write(piece)
            self._offset += len(piece)
            if self._table:
                self._sum.update(piece)
        if self._idx:
            self._idx.file.write(line(key, offset))
        if self._table:
            self._table.add(offset, record)
        self.records += 1
        return offset

    def _use(self, key: int) -> None:
        # Bits in numbers of 256: keys that lie close together cost next to nothing, whatever their order.
        place, bit = key >> 8, 1 << (key & 255)
        seen = self._seen.get(place, 0)
        if not 0 <= key < KEYS:
            raise RefusedError(f"{self.path}: record {self.records}: key {key} is not an unsigned 64-bit number")
        if seen & bit:
            raise RefusedError(f"{self.path}: record {self.records}: key {key} is in use already")
        self._seen[place] = seen | bit

    def close(self) -> None:
        """Bring everything to the disk, then give the files their names. Once.

        Raises:
            OSError: the `.rec` is the earlier one then, or the new one as a whole.
            RefusedError: if a record could not be written.
        """
        if self._failed:
            raise RefusedError(f"{self.path}: not made: an earlier record could not be written")
        if not self._open:
            return
        self._open = False
        try:
            if self._table:
                self._table.finish(self._offset, self._sum.hexdigest())
        except BaseException:
            self._discard()
            raise
        publish(self._pending, stale=(idx_path(self.path), crc_path(self.path), cache_path(self.path)))

    def abort(self) -> None:
        """Remove what was written so far."""
        self._open = False
        self._discard()

    def _discard(self) -> None:
        for pending in self._pending:
            pending.discard()

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()
