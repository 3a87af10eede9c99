"""A position in a byte buffer that never passes its end: every read is checked first."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

from mxtrain.base.errors import FormatError


@dataclass
class Cursor:
    """A reader of little-endian fields.

    Args:
        data: the bytes.
        name: what errors call the file.
        offset: position of the next byte.
        base: offset of ``data[0]`` in the file, where the data is a part of one.
    """

    data: memoryview
    name: str
    offset: int = 0
    base: int = 0

    @property
    def remaining(self) -> int:
        """Bytes not yet read."""
        return len(self.data) - self.offset

    @property
    def position(self) -> int:
        """Offset of the next byte in the file."""
        return self.base + self.offset

    def error(self, problem: str, at: int | None = None) -> FormatError:
        """A FormatError that names the file and an offset (the current one unless `at`, a `position`, is given)."""
        return FormatError(f"{self.name}: offset {self.position if at is None else at}: {problem}")

    def take(self, size: int, what: str) -> memoryview:
        """The next `size` bytes, not copied.

        Raises:
            FormatError: if there are fewer.
        """
        if size > self.remaining:
            end = self.base + len(self.data)
            raise self.error(
                f"{what}: expected {size} bytes, got {self.remaining} (the file is truncated at byte {end})"
            )
        self.offset += size
        return self.data[self.offset - size : self.offset]

    def unpack(self, layout: str, what: str) -> tuple[Any, ...]:
        """The next fields, by a layout of the struct module without its byte-order mark."""
        layout = "<" + layout
        return struct.unpack(layout, self.take(struct.calcsize(layout), what))

    def number(self, code: str, what: str) -> int:
        """The next integer, by its code in the struct module."""
        value: int = self.unpack(code, what)[0]
        return value
