"""Where each record starts and which key it has: mapped from a cache beside the `.rec`, whatever its size.

The cache (`.rec.index`) is made of the `.idx`, or of a walk through the `.rec` where there is none, at first use, and
anew when one of them has changed. It is in the byte order of the machine:

    head: "RECINDEX", version, columns, number of records, first key, size and time of .rec and .idx, two crc32
    u64 offsets, rising | u64 keys | u64 keys, sorted | u64 number of the record of each sorted key

Columns that say nothing new are left out: keys that count up by one need none, rising keys no sorted ones.
"""

from __future__ import annotations

import heapq
import os
import struct
import threading
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice, pairwise
from operator import lt
from pathlib import Path
from typing import Literal

from recordio.errors import LineError, RefusedError
from recordio.files import Mapped, Pending, cache_path, idx_path, publish
from recordio.format import HEADER_SIZE
from recordio.idx import read_idx
from recordio.scan import Losses, scan

HEAD = struct.Struct("=8sIIQQQqQqII")
NAME, VERSION = b"RECINDEX", 1
RUN = 1 << 18

Column = Sequence[int]
Walk = Generator[tuple[int, memoryview], None, None]
Stamp = tuple[int, int, int, int]
"""Size and modification time of the `.rec`, then of the `.idx` (0, 0: there is none)."""


@dataclass(frozen=True)
class Index:
    """The records of one file, numbered by their place in it.

    Args:
        offsets: of the records, rising.
        first: the key of record 0, if keys count up by one from there.
        keys: of the records, otherwise.
        sorted_keys: the keys in rising order, if `keys` is not.
        numbers: the record of each sorted key.
    """

    offsets: Column
    first: int = 0
    keys: Column = ()
    sorted_keys: Column = ()
    numbers: Column = ()

    def __len__(self) -> int:
        return len(self.offsets)

    def key(self, number: int) -> int:
        """The key of a record."""
        return self.keys[number] if self.keys else self.first + number

    def number(self, key: int) -> int:
        """The record that has a key.

        Raises:
            KeyError: if none has.
        """
        if not self.keys:
            if self.first <= key < self.first + len(self):
                return key - self.first
            raise KeyError(key)
        rising = self.sorted_keys or self.keys
        place = bisect_left(rising, key)
        if place == len(rising) or rising[place] != key:
            raise KeyError(key)
        return self.numbers[place] if self.numbers else place


def scan_index(path: str | os.PathLike[str], on_error: Literal["stop", "skip"] = "stop") -> Index:
    """The index of a `.rec` by a walk through it; keys count up from 0.

    Args:
        path: of the file.
        on_error: ``stop``: a damaged record raises. ``skip``: a damaged region counts as one record, whose reading
            raises; so whoever reads it decides, and the others are found.

    Raises:
        DamageError: if a record cannot be read, unless they are skipped.
        OSError: if the file cannot.
    """
    with Mapped(path) as mapped:
        return walked(lambda losses: scan(mapped, os.fspath(path), None, losses), on_error)


def walked(walk: Callable[[Losses | None], Walk], on_error: Literal["stop", "skip"]) -> Index:
    """The index that a walk makes; see `scan_index`.

    Args:
        walk: starts it; the losses that it is given make it skip.
        on_error: as of `scan_index`.
    """
    offsets = array("Q")
    losses = Losses(tell=lambda damage: offsets.append(damage.offset)) if on_error == "skip" else None
    with closing(walk(losses)) as records:
        for offset, _ in records:
            offsets.append(offset)
    return Index(offsets)


def open_index(path: str | os.PathLike[str], on_error: Literal["stop", "skip"] = "stop") -> Index:
    """The index of a `.rec`: from the cache if that still holds, else from `.idx`, else by a walk.

    A cache that cannot be written (a directory that is read only, a full disk) is done without.

    Args:
        path: of the file.
        on_error: of a walk, as of `scan_index`. An index from the cache or an `.idx` does not know of damage.

    Raises:
        LineError: naming the line of the `.idx` that is wrong.
        RefusedError: for an `.idx` with a key that occurs twice, or without entries though the `.rec` has records.
        DamageError: if a record cannot be read.
        OSError: if a file cannot.
    """
    path = Path(path)
    stamp = _stamp(path)
    listed = stamp[2:] != (0, 0)
    return cached_index(cache_path(path), stamp, lambda: load_idx(path) if listed else scan_index(path, on_error))


def cached_index(cache: Path, stamp: Stamp, make: Callable[[], Index]) -> Index:
    """The index that a cache holds, mapped, if it is whole and has this stamp; else a new one, which goes there.

    Args:
        cache: the file.
        stamp: what the index was made of, to be compared; for files elsewhere any numbers that tell them apart.
        make: makes the index anew. What it raises comes through.
    """
    cached = _read_cache(cache, stamp)
    if cached is not None:
        return cached
    index = make()
    with suppress(OSError):
        _write_cache(cache, index, stamp)
    return index


def load_idx(path: str | os.PathLike[str]) -> Index:
    """The index of a `.rec` that its `.idx` gives. Whether records start there shows when they are read.

    Raises:
        LineError: naming the line that is wrong.
        RefusedError: for a key that occurs twice, or no entries though the `.rec` has records.
        OSError: if a file cannot be read.
    """
    path = Path(path)
    idx, size = idx_path(path), path.stat().st_size
    return make_index(*read_idx(idx), size, str(path), str(idx))


def make_index(keys: array[int], offsets: array[int], size: int, path: str, idx: str) -> Index:
    """The index that the lines of an `.idx` make.

    Args:
        keys: in the order of the lines.
        offsets: likewise.
        size: of the `.rec`, in bytes.
        path: what errors call the `.rec`.
        idx: what errors call the `.idx`.

    Raises:
        LineError, RefusedError: as `load_idx`.
    """
    if size and not keys:
        raise RefusedError(f"{idx}: empty, but {path} has {size} bytes; remove it to have the index made anew")
    if offsets and (max(offsets) > size - HEADER_SIZE or any(offset & 3 for offset in offsets)):
        for line, offset in enumerate(offsets, 1):
            if offset & 3 or offset > size - HEADER_SIZE:
                problem = f"expected an offset divisible by 4 in a file of {size} bytes, got {offset}"
                raise LineError(idx, line, f"{problem}; is this the index of {path}?")
    if not _rising(offsets):
        order = _order(offsets)
        keys, offsets = (array("Q", map(column.__getitem__, order)) for column in (keys, offsets))
    if not keys or keys[-1] - keys[0] == len(keys) - 1 and _rising(keys):
        return Index(offsets, first=keys[0] if keys else 0)
    if _rising(keys):
        return Index(offsets, keys=keys)
    numbers = _order(keys)
    rising = array("Q", map(keys.__getitem__, numbers))
    for (key, number), (following, other) in pairwise(zip(rising, numbers, strict=True)):
        if key == following:
            raise RefusedError(
                f"{idx}: key {key} occurs twice, at the offsets {offsets[number]} and {offsets[other]} of {path}"
            )
    return Index(offsets, keys=keys, sorted_keys=rising, numbers=numbers)


def _rising(values: array[int]) -> bool:
    return all(map(lt, values, islice(values, 1, None)))


def _order(values: array[int]) -> array[int]:
    """The positions of the values from the smallest to the largest; in runs, so that no list of them all is made."""

    def run(start: int) -> Iterator[int]:
        part = values[start : start + RUN]
        return iter(array("Q", (start + i for i in sorted(range(len(part)), key=part.__getitem__))))

    return array("Q", heapq.merge(*map(run, range(0, len(values), RUN)), key=values.__getitem__))


def _stamp(path: Path) -> Stamp:
    rec = path.stat()
    try:
        idx = idx_path(path).stat()
    except FileNotFoundError:
        return rec.st_size, rec.st_mtime_ns, 0, 0
    return rec.st_size, rec.st_mtime_ns, idx.st_size, idx.st_mtime_ns


def _head(index: Index, stamp: Stamp, crc: int) -> bytes:
    columns = bool(index.keys) + 2 * bool(index.numbers)
    head = HEAD.pack(NAME, VERSION, columns, len(index), index.first, *stamp, crc, 0)
    return HEAD.pack(NAME, VERSION, columns, len(index), index.first, *stamp, crc, zlib.crc32(head))


def _columns(index: Index) -> list[Column]:
    return [column for column in (index.offsets, index.keys, index.sorted_keys, index.numbers) if column]


def _write_cache(cache: Path, index: Index, stamp: Stamp) -> None:
    # Several processes may open the same file at once, and each makes the cache.
    pending = Pending(cache, f"{os.getpid()}-{threading.get_ident()}-")
    try:
        crc = 0
        pending.file.write(bytes(HEAD.size))
        for column in _columns(index):
            data = memoryview(array("Q", column) if not isinstance(column, array) else column).cast("B")
            pending.file.write(data)
            crc = zlib.crc32(data, crc)
        pending.file.seek(0)
        pending.file.write(_head(index, stamp, crc))
    except BaseException:
        pending.discard()
        raise
    publish([pending])


def _read_cache(cache: Path, stamp: Stamp) -> Index | None:
    """The index, if the cache is there, whole, and of these files."""
    try:
        mapped = Mapped(cache)
    except OSError:
        return None
    view = mapped.view
    if len(view) < HEAD.size:
        return None
    _, _, columns, count, first, *_ = HEAD.unpack_from(view)
    size, start = 8 * count, HEAD.size
    present = (1, columns & 1, columns & 2, columns & 2)
    if columns not in (0, 1, 3) or len(view) != start + size * sum(map(bool, present)):
        return None
    found: list[Column] = []
    for has in present:
        found.append(view[start : start + size].cast("Q") if has else ())
        start += size if has else 0
    index = Index(found[0], first, *found[1:])
    # The head has one spelling for an index and a stamp, so one comparison checks all of it.
    whole = bytes(view[: HEAD.size]) == _head(index, stamp, zlib.crc32(view[HEAD.size :]))
    return index if whole else None
