"""`.rec.crc`: what every record of a `.rec` must be. MXNet's readers never see it.

256 bytes of text, one fact a line, filled up with spaces; each line ends with a line feed
    recordio-checksums 1
    algorithm crc32 (zlib)
    records N
    size BYTES            of the .rec
    sha256 HEX            of the .rec
    table HEX             crc32 of all that follows these 256 bytes
    header HEX            crc32 of the lines above
N times: u64 offset of the record | u32 length of its payload | u32 crc32 of its payload
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from contextlib import closing
from pathlib import Path

from recordio.errors import ChecksumError, DamageError
from recordio.files import Mapped, Pending, crc_path, publish
from recordio.record import read_record
from recordio.scan import scan

HEAD_SIZE = 256
ROW = struct.Struct("<QII")
CHUNK = 1 << 22
LISTED = 1000


class Table:
    """The rows of a new checksum file, written as they come.

    Args:
        pending: the new file, empty.
    """

    def __init__(self, pending: Pending) -> None:
        self.pending, self._file = pending, pending.file
        self._file.write(bytes(HEAD_SIZE))
        self._records, self._crc = 0, 0

    def add(self, offset: int, payload: bytes | bytearray | memoryview) -> None:
        """One record."""
        row = ROW.pack(offset, len(payload), zlib.crc32(payload))
        self._file.write(row)
        self._records, self._crc = self._records + 1, zlib.crc32(row, self._crc)

    def finish(self, size: int, sha256: str) -> None:
        """Write the head, which says what the whole `.rec` is."""
        self._file.seek(0)
        self._file.write(_head(self._records, size, sha256, self._crc))


def _head(records: int, size: int, sha256: str, table: int) -> bytes:
    lines = (
        f"recordio-checksums 1\nalgorithm crc32 (zlib)\nrecords {records}\nsize {size}\n"
        f"sha256 {sha256}\ntable {table:08x}\n"
    )
    text = f"{lines}header {zlib.crc32(lines.encode()):08x}\n"
    return text.ljust(HEAD_SIZE - 1).encode() + b"\n"


class Checksums:
    """The checksums of one file. Holds the mapped table open until it is dropped.

    Args:
        path: the `.rec`.
        size: its size in bytes.

    Raises:
        ChecksumError: if they are not there, are damaged, or were made of a file of another size.
        OSError: if they cannot be opened.
    """

    def __init__(self, path: str | os.PathLike[str], size: int) -> None:
        self.path, self.sums = Path(path), crc_path(Path(path))
        try:
            self._mapped = Mapped(self.sums)
        except FileNotFoundError:
            raise ChecksumError(
                f"{self.sums}: not there, so {self.path} cannot be verified; make it with write_checksums"
            ) from None
        self._view = self._mapped.view
        self.records, self.size, self.sha256 = self._read_head()
        if self.size != size:
            raise self._error(f"made of a file of {self.size} bytes, but {self.path} has {size}")
        self._next = 0

    def _error(self, problem: str) -> ChecksumError:
        return ChecksumError(f"{self.sums}: {problem}")

    def _read_head(self) -> tuple[int, int, str]:
        head = bytes(self._view[:HEAD_SIZE])
        words = [line.split(b" ")[-1] for line in head.split(b"\n")]
        facts = [word.decode("ascii", "replace") for word in words[2:6]]
        if len(facts) < 4 or not all(fact.isascii() and fact.isdigit() and len(fact) < 20 for fact in facts[:2]):
            raise self._error(f"not a checksum file: expected a head of {HEAD_SIZE} bytes 'recordio-checksums 1' first")
        records, size, sha256, table = int(facts[0]), int(facts[1]), facts[2], zlib.crc32(self._view[HEAD_SIZE:])
        expected = HEAD_SIZE + records * ROW.size
        if len(self._view) != expected:
            raise self._error(f"expected {expected} bytes for {records} records, got {len(self._view)}")
        # The head has one spelling, so any change of a bit in it shows here.
        if head != _head(records, size, sha256, table):
            raise self._error("damaged: its own checksums do not hold; make it anew if the .rec is known to be whole")
        return records, size, sha256

    def row(self, number: int) -> tuple[int, int, int]:
        """(Offset, length, crc32) of a record."""
        found: tuple[int, int, int] = ROW.unpack_from(self._view, HEAD_SIZE + number * ROW.size)
        return found

    def find(self, offset: int) -> int | None:
        """The number of the record that starts at `offset`."""
        low, high, guess = 0, self.records, self._next
        if guess < high and self.row(guess)[0] == offset:
            low = high = guess
        while low < high:
            middle = (low + high) // 2
            if self.row(middle)[0] < offset:
                low = middle + 1
            else:
                high = middle
        self._next = low + 1
        return low if low < self.records and self.row(low)[0] == offset else None

    def check(self, offset: int, payload: memoryview, number: int | None, after: int) -> None:
        """Compare a record with its row.

        Args:
            offset: where it starts.
            payload: what was read.
            number: what errors call it.
            after: where to go on if it is damaged.

        Raises:
            DamageError: if length or crc32 differ, or no record should start there.
        """
        found = self.find(offset)
        if found is None:
            problem = f"no record starts here, says {self.sums}"
            raise DamageError(str(self.path), offset, number, problem, min(offset + 4, self.size))
        _, length, crc = self.row(found)
        if len(payload) != length:
            problem = f"expected a payload of {length} bytes, got {len(payload)}"
            raise DamageError(str(self.path), offset, number, problem, min(offset + 4, self.size))
        got = zlib.crc32(payload)
        if got != crc:
            raise DamageError(str(self.path), offset, number, f"expected crc32 {crc:08x}, got {got:08x}", after)


def write_checksums(path: str | os.PathLike[str]) -> Path:
    """Make the checksums of a `.rec` as it is now.

    Raises:
        DamageError: if a record cannot be read; nothing is written then.
        OSError: if the file cannot be read, or the checksums not be written.
    """
    path = Path(path)
    with Mapped(path) as mapped:
        table = Table(Pending(crc_path(path)))
        try:
            with closing(scan(mapped, str(path))) as records:
                for offset, payload in records:
                    table.add(offset, payload)
            table.finish(mapped.size, _sha256(mapped.view))
        except BaseException:
            table.pending.discard()
            raise
    publish([table.pending])
    return table.pending.path


def _sha256(view: memoryview) -> str:
    total = hashlib.sha256()
    for start in range(0, len(view), CHUNK):
        total.update(view[start : start + CHUNK])
    return total.hexdigest()


def verify(path: str | os.PathLike[str]) -> list[DamageError]:
    """What differs between a `.rec` and its checksums: [] if nothing does.

    Returns:
        the damaged records in order, the first LISTED of them. Bytes that belong to no payload (padding) count too.

    Raises:
        ChecksumError: if the checksums are not there, are damaged, or were made of a file of another size.
        OSError: if a file cannot be read.
    """
    path = Path(path)
    with Mapped(path) as mapped:
        sums = Checksums(path, mapped.size)
        if _sha256(mapped.view) == sums.sha256:
            return []
        found: list[DamageError] = []
        for number in range(sums.records):
            offset = sums.row(number)[0]
            try:
                payload, after = read_record(mapped.view, offset, str(path), number)
                sums.check(offset, payload, number, after)
            except DamageError as error:
                found.append(error.with_traceback(None))
                if len(found) == LISTED:
                    break
        if not found:
            problem = f"expected a file of sha256 {sums.sha256}, got another, though every record is whole"
            found.append(DamageError(str(path), 0, None, problem, 0))
        return found
