"""What a file of arrays holds: names, shapes, dtypes; of a truncated one, what is still whole and where it ends."""

from __future__ import annotations

import math
import mmap
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxtrain.base.errors import DataError, FormatError
from mxtrain.base.types import Shape
from mxtrain.formats import ndarray_body, ndarray_list
from mxtrain.formats.cursor import Cursor


@dataclass(frozen=True)
class Item:
    """One array.

    Args:
        name: None if the file names none, or its names are lost.
        shape: None for MXNet's "none" array.
        dtype: of its elements.
        storage: dense, row_sparse or csr.
    """

    name: str | None
    shape: Shape | None
    dtype: str
    storage: str = "dense"

    @property
    def size(self) -> int:
        """Number of elements of the shape."""
        return 0 if self.shape is None else math.prod(self.shape)


@dataclass(frozen=True)
class Arrays:
    """A file of arrays.

    Args:
        path: the file.
        bytes: its size.
        items: what it holds, in order.
        notices: what is odd, and does no harm.
        problem: why it cannot be read to its end, or None.
    """

    path: str
    bytes: int
    items: tuple[Item, ...]
    notices: tuple[str, ...] = ()
    problem: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        listed = [
            {
                "name": i.name,
                "shape": None if i.shape is None else list(i.shape),
                "dtype": i.dtype,
                "storage": i.storage,
            }
            for i in self.items
        ]
        return {
            "path": self.path, "bytes": self.bytes, "arrays": listed, "notices": list(self.notices),
            "problem": self.problem,
        }  # fmt: skip


def look(path: Path) -> Arrays:
    """Look into a ``.params``, ``.nd`` or ``.state`` file; it is mapped, not loaded, whatever its size.

    Raises:
        FormatError: if it is no such file at all.
        DataError: if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise DataError(f"{path}: is not a regular file")
            if not status.st_size:
                raise FormatError(f"{path}: offset 0: an empty file; expected a list of arrays")
            data: Any = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    return read(data, str(path))


def read(data: Any, name: str) -> Arrays:
    """As `look`, from the bytes of a file.

    Raises:
        FormatError: if they are none of such a file.
    """
    size = len(data)
    try:
        found = ndarray_list.load_list(data, name)
    except FormatError as error:
        whole = _whole(Cursor(memoryview(data), name))
        if whole is None:
            raise
        return Arrays(name, size, whole, problem=str(error))
    names: tuple[str | None, ...] = found.names or (None,) * len(found.arrays)
    items = tuple(_item(n, v) for n, v in zip(names, found.arrays, strict=True))
    return Arrays(name, size, items, found.notices)


def _whole(cursor: Cursor) -> tuple[Item, ...] | None:
    """The arrays before the damage, without names, which stand at the end; None if it is no list of arrays."""
    try:
        magic, _, count = cursor.unpack("QQQ", "list header")
    except FormatError:
        return None
    if magic != ndarray_list.MAGIC:
        return None
    items: list[Item] = []
    for index in range(count):
        try:
            items.append(_item(None, ndarray_body.read_body(cursor, f"array {index}")))
        except FormatError:
            break
    return tuple(items)


def _item(name: str | None, value: Any) -> Item:
    if value is None:
        return Item(name, None, "none")
    storage = {ndarray_body.RowSparse: "row_sparse", ndarray_body.CSR: "csr"}.get(type(value), "dense")
    dense = value if storage == "dense" else value.values
    dtype = "bfloat16" if isinstance(dense, ndarray_body.BFloat16) else dense.dtype.name
    return Item(name, tuple(value.shape), dtype, storage)
