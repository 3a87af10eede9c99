"""Raw records of one size, read many at a time without a loop over them.

In such a file nearly every record begins with the same bytes but for its label and id, so that a batch is one gather
of rows, one comparison of their heads, and views of what follows. A record that differs (one that holds the magic word
is stored in parts) is read on its own.
"""

from __future__ import annotations

import mmap
import struct
from contextlib import suppress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.errors import FormatError
from mxtrain.data.augmenter import Image
from mxtrain.data.packing import raw
from mxtrain.data.packing.raw import Shape
from recordio import DamageError, Header, HeaderError, IndexedReader, RangedReader, RecordIOError, RefusedError, unpack
from recordio.files import Mapped
from recordio.format import HEADER, MAGIC_WORD

_FIXED = 24
_LABEL = slice(12, 16)
_BLOCK = 1 << 20
_EXCEPTIONS = 1000
"""Records of other lengths than the first that are looked at when a file is opened; more make a file of many sizes."""

LOOKED_AT = 100
"""Records that are tried when a file is opened."""

_WINDOW = 1 << 28
"""Bytes read before the system is told that they may leave memory."""

Labels = NDArray[np.float32]


class RawRows:
    """The raw records of a file, all of one size and with as many labels.

    Args:
        reader: of the file; it gives the records that are stored in parts.
        shape: of every image.
        flag: labels that follow the header of a record, 0 if the one label is in it.
        verify: leave every record to the reader, which compares it with its checksum.

    Raises:
        OSError: if the file cannot be opened.
    """

    def __init__(self, reader: IndexedReader, shape: Shape, flag: int, verify: bool) -> None:
        self.shape, self.flag = shape, flag
        self._reader, self._verify, self._touched = reader, verify, 0
        self._mapped = Mapped(reader.path)
        self._offsets = offsets_of(reader)
        start = 8 + _FIXED + 4 * flag
        self._text = slice(start, start + len(shape.header))
        self._length = start + len(shape.header) + shape.pixels
        self._head = np.frombuffer(
            HEADER.pack(MAGIC_WORD, self._length - 8) + struct.pack("<I", flag) + shape.header, np.uint8
        )
        content = np.frombuffer(self._mapped.view, np.uint8)
        room = len(content) - self._length + 1
        # (place, length) of every stretch of the file that could be such a record: a view, whatever the file's size.
        self._stretches = np.lib.stride_tricks.as_strided(
            content, (max(room, 0), self._length), (1, 1), writeable=False
        )

    def read(self, numbers: NDArray[np.int64]) -> tuple[Image, Labels]:
        """The images (n, H, W, C) and labels (n, max(flag, 1)) of some records.

        Raises:
            RecordIOError: for a damaged record.
            FormatError: for a record of another size, or that is no raw image.
        """
        offsets = self._offsets[numbers].astype(np.int64)
        inside = offsets < len(self._stretches)
        rows = self._stretches[np.where(inside, offsets, 0)] if len(self._stretches) else self._nothing(len(numbers))
        same = (rows[:, :12] == self._head[:12]).all(1) & (rows[:, self._text] == self._head[12:]).all(1) & inside
        images = rows[:, self._text.stop :].reshape(len(rows), *self.shape)
        place = slice(8 + _FIXED, self._text.start) if self.flag else _LABEL
        labels = np.ascontiguousarray(rows[:, place]).view("<f4")
        for at in range(len(rows)) if self._verify else np.flatnonzero(~same).tolist():
            images[at], labels[at] = self._one(int(numbers[at]))
        self._forget(len(numbers))
        return images, labels

    def _nothing(self, count: int) -> NDArray[np.uint8]:
        return np.zeros((count, self._length), np.uint8)

    def _one(self, number: int) -> tuple[Image, Any]:
        header, payload = unpack_record(self._reader, number)
        shape = raw.shape_of(payload)
        labels = header.label if isinstance(header.label, tuple) else (header.label,)
        flag = len(labels) if isinstance(header.label, tuple) else 0
        if shape != self.shape or flag != self.flag:
            found = f"a raw image {shape}" if shape else "no raw image"
            raise FormatError(
                f"{self._reader.path}: record {number}: expected a raw image {self.shape} with {max(self.flag, 1)} "
                f"labels, as the first has, got {found} with {len(labels)}"
            )
        return raw.decode(payload, shape), labels

    def _forget(self, count: int) -> None:
        # Pages count as used until they are given back: memory stays the same over a data set of any size.
        self._touched += count * self._length
        if self._touched > _WINDOW:
            self._touched = 0
            self._mapped.advise(mmap.MADV_DONTNEED, 0, self._mapped.size)


def offsets_of(reader: IndexedReader) -> NDArray[np.uint64]:
    """Where the records start; a view of the mapped index."""
    offsets: Any = reader.index.offsets
    return np.frombuffer(offsets, np.uint64) if len(offsets) else np.empty(0, np.uint64)


def unpack_record(reader: IndexedReader | RangedReader, number: int) -> tuple[Header, memoryview]:
    """Header and payload of a record.

    Raises:
        DamageError: if it cannot be read.
        HeaderError: naming file and record, if it is no image record.
    """
    record = reader[number]
    try:
        return unpack(record)
    except HeaderError as error:
        raise HeaderError(f"{reader.path}: record {number}: {error}") from None


def first_sound(reader: IndexedReader | RangedReader) -> tuple[Header, memoryview]:
    """Header and payload of the first record that can be read: damage to one is an error of that sample alone.

    Raises:
        RecordIOError: if none of the first LOOKED_AT can.
    """
    first: RecordIOError | None = None
    for number in range(min(len(reader), LOOKED_AT)):
        try:
            return unpack_record(reader, number)
        except (DamageError, HeaderError) as error:
            first = first or error
    raise first or RefusedError(f"{reader.path}: holds no record")


def one_size(reader: IndexedReader, said: bool) -> tuple[Shape, int] | None:
    """The size of all images of a file and the flag of their headers, if they are raw and of one size.

    Args:
        reader: of the file, which has records.
        said: whether a manifest says that all images have one size; then the records are not compared.

    Raises:
        RecordIOError: if no record can be read.
    """
    header, payload = first_sound(reader)
    shape = raw.shape_of(payload)
    if shape is None:
        return None
    flag = len(header.label) if isinstance(header.label, tuple) else 0
    if said:
        return shape, flag
    step = 8 + _FIXED + 4 * flag + len(payload) + 3 & -4
    odd: list[int] = [len(reader) - 1]
    offsets = offsets_of(reader)
    for start in range(0, len(offsets) - 1, _BLOCK):
        steps = np.diff(offsets[start : start + _BLOCK + 1])
        odd += (np.flatnonzero(steps != step) + start).tolist()
        if len(odd) > _EXCEPTIONS:
            return None
    for number in odd:
        # Damage shows when the record is wanted.
        with suppress(DamageError, HeaderError):
            if raw.shape_of(unpack_record(reader, number)[1]) != shape:
                return None
    return shape, flag
