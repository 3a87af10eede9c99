"""Blocks of remote files on the local disk, for all processes and runs. It is never trusted and never needed.

    FOLDER/blocks/SHA256 of URL, size and tag/BLOCK SIZE-NUMBER: the block | its length, crc32, "MXBK"

A file gets its name when it is whole; one that is damaged is removed and fetched again. When the folder holds more
than allowed, what was not used for longest goes. An object without a tag is not kept: it could not be told from another
version.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import shutil
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mxtrain.data.remote.store import Identity

log = logging.getLogger(__name__)

_END = struct.Struct("<QI4s")
_MARK = b"MXBK"
_FRESH = 60.0
"""Seconds within which a use is not noted again."""

_ABANDONED = 3600.0
"""Age, in seconds, of a temporary file whose writer is gone."""

_RESERVE = 1 << 30
"""Bytes of the disk that are left to others."""


class _Entry(NamedTuple):
    used: float
    size: int
    path: Path


class DiskCache:
    """A folder of blocks. Threads and processes may share it.

    Args:
        folder: made when something is put there.
        limit: most that it may hold, in bytes; each process may exceed it by a 32nd.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self.folder, self.limit = folder, limit
        self._lock, self._until_trim, self._told = threading.Lock(), 0, False

    def index_path(self, url: str, of: Identity) -> Path | None:
        """Where the mapped index of a record file is kept, its folder made; None if that cannot be."""
        with suppress(OSError):
            folder = self.folder / "index"
            self._make(folder)
            path = folder / f"{_key(url, of)}.index"
            with suppress(FileNotFoundError):
                os.utime(path)
            return path
        return None

    def get(self, url: str, of: Identity, block: int, number: int, length: int) -> bytes | None:
        """A block, if it is there and whole.

        Args:
            url: of the object.
            of: its version.
            block: size of its blocks.
            number: of the block.
            length: of this one.
        """
        if not of.tag:
            return None
        path = self._path(url, of, block, number)
        try:
            with path.open("rb") as file:
                # A damaged file may have any size.
                data = file.read(length + _END.size + 1)
                used = os.fstat(file.fileno()).st_mtime
        except OSError:
            return None
        content = data[: -_END.size]
        if len(data) != length + _END.size or data[-_END.size :] != _END.pack(length, zlib.crc32(content), _MARK):
            log.warning("%s: a damaged block of the cache; it is fetched again", path)
            with suppress(OSError):
                path.unlink()
            return None
        _note_use(path, used)
        return content

    def part(self, url: str, of: Identity, block: int, number: int, piece: range) -> bytes | None:
        """Some bytes of a block that `get` gave before, if it is there still. Their checksum is not compared again."""
        path = self._path(url, of, block, number)
        try:
            with path.open("rb", buffering=0) as file:
                data = os.pread(file.fileno(), len(piece), piece.start)
                used = os.fstat(file.fileno()).st_mtime
        except OSError:
            return None
        _note_use(path, used)
        return data if len(data) == len(piece) else None

    def put(self, url: str, of: Identity, block: int, number: int, data: bytes) -> None:
        """Keep a block. A disk that is full or read only is told once, and done without."""
        if not of.tag or len(data) > self.limit:
            return
        path = self._path(url, of, block, number)
        temporary = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
        try:
            self._make(path.parent)
            with temporary.open("wb") as file:
                file.write(data)
                file.write(_END.pack(len(data), zlib.crc32(data), _MARK))
            # Not brought to the disk first: after a crash the checksum tells.
            os.replace(temporary, path)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink()
            if not self._told:
                self._told = True
                log.warning("%s: blocks cannot be kept: %s", self.folder, error.strerror or error)
            return
        self._trim_sometimes(len(data))

    def _path(self, url: str, of: Identity, block: int, number: int) -> Path:
        return self.folder / "blocks" / _key(url, of) / f"{block}-{number}"

    def _make(self, folder: Path) -> None:
        # Data may be private. Folders above ours are made as the system makes them.
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)

    def _trim_sometimes(self, written: int) -> None:
        with self._lock:
            self._until_trim -= written
            if self._until_trim > 0:
                return
            self._until_trim = self.limit // 32
        with suppress(OSError):
            self.trim()

    def trim(self) -> None:
        """Remove what was not used for longest, until the folder holds nine tenths of what it may.

        One process does so at a time; another that comes meanwhile leaves it to the first.

        Raises:
            OSError: if the folder cannot be read.
        """
        with (self.folder / "lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            entries = list(self._entries())
            held = sum(entry.size for entry in entries)
            # Other programs need the disk too.
            allowed = min(self.limit, max(held + shutil.disk_usage(self.folder).free - _RESERVE, 0))
            excess = held - allowed * 9 // 10 if held > allowed else 0
            for entry in sorted(entries):
                if excess <= 0:
                    break
                with suppress(OSError):
                    entry.path.unlink()
                    excess -= entry.size
            for folder in {entry.path.parent for entry in entries}:
                # Only those that are empty go.
                with suppress(OSError):
                    folder.rmdir()

    def _entries(self) -> Iterator[_Entry]:
        """All files but the lock; abandoned ones as if never used."""
        now = time.time()
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = Path(folder, name)
                with suppress(OSError):
                    info = path.stat()
                    if name.endswith(".tmp") and now - info.st_mtime > _ABANDONED:
                        path.unlink()
                    elif name != "lock":
                        yield _Entry(info.st_mtime, info.st_size, path)


def _note_use(path: Path, used: float) -> None:
    if time.time() - used > _FRESH:
        with suppress(OSError):
            os.utime(path)


def _key(url: str, of: Identity) -> str:
    return hashlib.sha256(f"{url}\0{of.size}\0{of.tag}".encode("utf-8", "surrogateescape")).hexdigest()
