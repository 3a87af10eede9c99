"""One record out of a buffer: every length is checked against the buffer's end before anything is made of it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from recordio.errors import DamageError, ShortError
from recordio.format import FIRST, FLAG_SHIFT, HEADER, HEADER_SIZE, LAST, LIMIT, MAGIC, MAGIC_WORD, MIDDLE, WHOLE

STARTS = MIDDLE << FLAG_SHIFT
"""Flag and length in the header of a part that starts a record are below this."""

_unpack = HEADER.unpack_from
_unpack_end = struct.Struct("<III").unpack_from


def read_record(
    data: memoryview,
    offset: int,
    path: str = "<buffer>",
    number: int | None = None,
    base: int = 0,
    size: int | None = None,
) -> tuple[memoryview, int]:
    """The record whose first part is at `offset`, and where the next one starts.

    It is a view of `data`; only a record cut into parts is joined in new memory. Padding must be zero, and another
    record's header or the end of the file must follow: a record of damaged length is never delivered, nor is one in
    front of a damaged header, which looks the same.

    Args:
        data: bytes of the file: all of them, or a piece.
        offset: in the file; at least `base`.
        path: what errors call the file.
        number: the record's number, for errors.
        base: where the piece starts in the file, a multiple of 4.
        size: of the file; None: it ends where `data` does.

    Raises:
        DamageError: naming file, offset, record, what was expected and what came.
        ShortError: if the piece must reach further, though the file does not end there.
    """
    if size is None:
        size = base + len(data)
    at, room = offset - base, len(data)
    if 0 <= at <= room - HEADER_SIZE and not offset & 3:
        magic, length = _unpack(data, at)
        end = at + HEADER_SIZE + length
        after = end + 3 & -4
        if magic == MAGIC_WORD and length < LIMIT and after <= room - HEADER_SIZE:
            tail, following, then = _unpack_end(data, after - 4)
            if following == MAGIC_WORD and then < STARTS and (after == end or not tail >> 32 - 8 * (after - end)):
                return data[at + HEADER_SIZE : end], base + after
    return _read_parts(_Piece(data, base, size), offset, path, number)


class _Piece(NamedTuple):
    """Bytes of a file of `size` bytes from `base` on; indexed by places in the file."""

    data: memoryview
    base: int
    size: int

    def cut(self, start: int, stop: int) -> memoryview:
        """The bytes between two places; fewer where the file ends.

        Raises:
            ShortError: if the piece ends before.
        """
        if stop > self.base + len(self.data) and self.base + len(self.data) < self.size:
            raise ShortError(min(stop, self.size))
        return self.data[start - self.base : max(stop - self.base, 0)]

    def header(self, at: int) -> int:
        """Flag and length of a part."""
        word: int = _unpack(self.data, at - self.base)[1]
        return word


def _read_parts(piece: _Piece, offset: int, path: str, number: int | None) -> tuple[memoryview, int]:
    count = size = end = 0
    for start, end in _parts(piece, offset, path, number):
        count, size = count + 1, size + end - start
    after = end + 3 & -4
    if count == 1:
        return piece.cut(offset + HEADER_SIZE, end), after
    joined, filled = bytearray(size + 4 * (count - 1)), 0
    for start, end in _parts(piece, offset, path, number):
        if filled:
            joined[filled - 4 : filled] = MAGIC
        joined[filled : filled + end - start] = piece.cut(start, end)
        filled += end - start + 4
    return memoryview(joined).toreadonly(), after


def _parts(piece: _Piece, offset: int, path: str, number: int | None) -> Iterator[tuple[int, int]]:
    """Start and end of the payload of each part; the last one when what follows it has been seen too."""

    def damage(at: int, problem: str) -> DamageError:
        where = problem if at == offset else f"at offset {at}: {problem}"
        # Parts before the last sound header are known to be this record's: no other record hides there.
        return DamageError(path, offset, number, where, min(header + 4, size))

    def check_magic(at: int) -> None:
        found = bytes(piece.cut(at, at + 4))
        if found != MAGIC[: size - at]:
            raise damage(at, f"expected the magic word, bytes {MAGIC.hex(' ')}, got {found.hex(' ')}{came_from}")

    size, header, came_from, allowed = piece.size, offset, "", (WHOLE, FIRST)
    if offset < 0 or offset % 4:
        raise damage(offset, "a record starts at a multiple of 4")
    at = offset
    while True:
        if at + HEADER_SIZE > size:
            got = max(size - at, 0)
            raise damage(at, f"expected a part header of 8 bytes, got {got} (the file ends at byte {size}){came_from}")
        piece.cut(at, at + HEADER_SIZE)
        check_magic(at)
        flag, length = divmod(piece.header(at), LIMIT)
        if flag not in allowed:
            expected = " or ".join(map(str, allowed))
            raise damage(at, f"expected a part of flag {expected}, got flag {flag}{came_from}")
        header, start, end, pad = at, at + HEADER_SIZE, at + HEADER_SIZE + length, -length % 4
        if end + pad > size:
            raise damage(at, f"expected {length + pad} bytes, got {size - start} (the file ends at byte {size})")
        padding = bytes(piece.cut(end, end + pad))
        came_from = f" (the part at offset {header} has length {length})"
        if any(padding):
            raise damage(end, f"expected {pad} zero bytes of padding, got {padding.hex(' ')}{came_from}")
        if flag in (FIRST, MIDDLE) and length % 4:
            raise damage(at, f"a part of flag {flag} has a length divisible by 4, got {length}")
        at = end + pad
        if flag in (WHOLE, LAST):
            # What a cut file has of the next header says as much about this record as all of it.
            piece.cut(at, at + HEADER_SIZE)
            check_magic(at)
            if at + HEADER_SIZE <= size and piece.header(at) >= STARTS:
                flag = piece.header(at) >> FLAG_SHIFT
                raise damage(at, f"expected a part that starts a record, flag 0 or 1, got flag {flag}{came_from}")
            yield start, end
            return
        yield start, end
        allowed = (MIDDLE, LAST)
