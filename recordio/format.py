"""RecordIO's parts, as dmlc-core writes them.

    u32 magic | u32 flag << 29 | length | length bytes | 0 to 3 zero bytes, so that the next part starts at 4n

A record is one part of flag 0 (WHOLE), or parts of flag 1, 2 ... 2, 3 (FIRST, MIDDLE, LAST): it is cut at each magic
word that lies at 4n from its start, and those words are not stored. So an aligned magic word is always a part's, and
a reader may start anywhere.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator, Sequence

Buffer = bytes | mmap.mmap

MAGIC_WORD = 0xCED7230A
MAGIC = MAGIC_WORD.to_bytes(4, "little")
WHOLE, FIRST, MIDDLE, LAST = range(4)
FLAG_SHIFT = 29
LIMIT = 1 << FLAG_SHIFT
"""Records are shorter than this, in bytes: a length has 29 bits."""

HEADER_SIZE = 8
HEADER = struct.Struct("<II")


def cut(record: bytes) -> list[tuple[int, int]]:
    """Where a record's parts start and end: between them lies one magic word each."""
    places, start, found = [], 0, record.find(MAGIC)
    while found >= 0:
        if found % 4 == 0:
            places.append((start, found))
            start = found + 4
        found = record.find(MAGIC, found + 4)
    places.append((start, len(record)))
    return places


def encode(record: bytes) -> Iterator[bytes | memoryview]:
    """The bytes of a record shorter than LIMIT in a file, in pieces; the payload is not copied."""
    view, places = memoryview(record), cut(record)
    for number, (start, end) in enumerate(places):
        flag = (WHOLE if len(places) == 1 else FIRST) if number == 0 else MIDDLE
        if 0 < number == len(places) - 1:
            flag = LAST
        yield HEADER.pack(MAGIC_WORD, flag << FLAG_SHIFT | end - start)
        yield view[start:end]
        yield bytes(-(end - start) % 4)


def find_start(buffer: Buffer, offset: int) -> int:
    """The first record at or after `offset`, or the end: an aligned magic word with flag WHOLE or FIRST behind it."""
    size = len(buffer)
    found = buffer.find(MAGIC, offset)
    while 0 <= found <= size - HEADER_SIZE:
        if found % 4 == 0 and HEADER.unpack_from(buffer, found)[1] >> FLAG_SHIFT <= FIRST:
            return found
        found = buffer.find(MAGIC, found + 4)
    return size


def byte_ranges(sizes: Sequence[int], num_parts: int, part_index: int) -> list[tuple[int, int]]:
    """The bytes of each file whose records belong to a part, as dmlc-core divides them: (start, stop) of each.

    A range is aligned and may start or stop within a record; the record belongs to the range that it starts in.

    Raises:
        ValueError: if there is no such part.
    """
    if num_parts < 1 or not 0 <= part_index < num_parts:
        raise ValueError(f"part_index must be in [0, num_parts), num_parts at least 1; got {part_index} of {num_parts}")
    step = -(-sum(sizes) // num_parts)
    step += -step % 4
    first, last = step * part_index, step * (part_index + 1)
    ranges, base = [], 0
    for size in sizes:
        ranges.append((min(max(first - base, 0), size), min(max(last - base, 0), size)))
        base += size
    return ranges
