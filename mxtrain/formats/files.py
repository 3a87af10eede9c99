"""Whole files in and out: regular files only, and errors a user can act on."""

from __future__ import annotations

import errno
import mmap
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from mxtrain.base.errors import DataError, EnvironmentFault, OutOfSpace

Bytes = bytes | bytearray | memoryview | mmap.mmap
Source = str | os.PathLike[str] | Bytes


def read_source(source: Source, name: str = "") -> tuple[memoryview, str]:
    """The bytes of a file, or of a buffer as they lie (no copy), and what to call them in an error.

    Args:
        source: path of a regular file, or a buffer (a memory map, too).
        name: what errors call it; the path if empty.

    Raises:
        DataError: if there is no such regular file, or it cannot be read.
    """
    if isinstance(source, bytes | bytearray | memoryview | mmap.mmap):
        return memoryview(source).toreadonly().cast("B"), name or "<buffer>"
    path = Path(source)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise DataError(f"{path}: is not a regular file")
        return memoryview(path.read_bytes()), name or str(path)
    except OSError as e:
        raise DataError(f"{path}: cannot be read: {e.strerror or e}") from None


def write_file(path: str | os.PathLike[str], chunks: Iterable[bytes | memoryview]) -> None:
    """Write the chunks one after the other. No rename and no sync: a checkpoint does those around it.

    Raises:
        OutOfSpace: if the disk is full.
        EnvironmentFault: if the file cannot be written for another reason.
    """
    try:
        with open(path, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
    except OSError as e:
        kind = OutOfSpace if e.errno in (errno.ENOSPC, errno.EDQUOT) else EnvironmentFault
        raise kind(f"{os.fspath(path)}: cannot be written: {e.strerror or e}") from None
