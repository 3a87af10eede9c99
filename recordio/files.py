"""Mapped files, the names of the files beside a `.rec`, and writing that leaves no half file."""

from __future__ import annotations

import errno
import mmap
import os
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from recordio.format import Buffer

BUFFER_SIZE = 1 << 20


def idx_path(path: Path) -> Path:
    """MXNet's index of a record file: a.rec -> a.idx."""
    return path.with_suffix(".idx")


def crc_path(path: Path) -> Path:
    """The checksums of a record file: a.rec -> a.rec.crc."""
    return path.with_name(path.name + ".crc")


def cache_path(path: Path) -> Path:
    """The mapped index of a record file: a.rec -> a.rec.index."""
    return path.with_name(path.name + ".index")


class Mapped:
    """A file mapped for reading. A context manager.

    Views of it may outlive `close`: the memory is given back with the last of them. Nobody may shorten the file in
    place meanwhile, as with any mapped file; replacing or removing it does no harm.

    Raises:
        OSError: also for what is not a regular file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        # O_NONBLOCK: opening a FIFO must not wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            info = os.fstat(descriptor)
            if not stat.S_ISREG(info.st_mode):
                raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
            self.size = info.st_size
            self.buffer: Buffer = _map(descriptor, self.size) if self.size else b""
        finally:
            os.close(descriptor)
        self.view = memoryview(self.buffer)
        self._path, self._identity = os.fspath(path), (info.st_dev, info.st_ino, info.st_size)

    def anew(self) -> Mapped:
        """The same file mapped again, so that the pages touched so far can go; itself if it has been replaced."""
        with suppress(OSError):
            other = Mapped(self._path)
            if other._identity == self._identity:
                return other
            other.close()
        return self

    def advise(self, option: int, start: int, stop: int) -> None:
        """Tell the system what will be done with the whole pages within some bytes; it may not care."""
        start += -start % mmap.PAGESIZE if option == mmap.MADV_DONTNEED else -(start % mmap.PAGESIZE)
        stop = min(stop, self.size) if option != mmap.MADV_DONTNEED else stop - stop % mmap.PAGESIZE
        if isinstance(self.buffer, mmap.mmap) and start < stop:
            with suppress(OSError):
                self.buffer.madvise(option, start, stop - start)

    def close(self) -> None:
        """Give the memory back, now or with the last view."""
        self.view.release()
        if isinstance(self.buffer, mmap.mmap):
            with suppress(BufferError):
                self.buffer.close()
        self.buffer = b""

    def __enter__(self) -> Mapped:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _map(descriptor: int, size: int) -> mmap.mmap:
    if sys.version_info >= (3, 13):
        # Thousands of shards would otherwise hold thousands of descriptors.
        return mmap.mmap(descriptor, size, access=mmap.ACCESS_READ, trackfd=False)
    return mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)


class Pending:
    """A new file under a temporary name beside its own.

    Without a mark one process at a time may write a file; what a killed one left is overwritten by the next.

    Args:
        path: the name that `publish` gives it.
        mark: part of the temporary name, unlike that of others who may write the file at the same time.

    Raises:
        OSError: if it cannot be made.
    """

    def __init__(self, path: Path, mark: str = "") -> None:
        self.path, self.temporary = path, path.with_name(f".tmp-{mark}{path.name}")
        with suppress(FileNotFoundError):
            os.unlink(self.temporary)
        self.file: BinaryIO = open(self.temporary, "xb", buffering=BUFFER_SIZE)

    def discard(self) -> None:
        """Remove it. Never raises."""
        with suppress(OSError):
            self.file.close()
        with suppress(OSError):
            os.unlink(self.temporary)


def publish(files: Sequence[Pending], stale: Sequence[Path] = ()) -> None:
    """Bring new files of one directory to the disk, and give them their names in order.

    Args:
        files: the first is what the others describe.
        stale: names that must not outlive the old first file: what describes it.

    Raises:
        OSError: none of the new files keeps its temporary name then, and those without a final one are gone.
    """
    try:
        for new in files:
            new.file.flush()
            os.fsync(new.file.fileno())
            new.file.close()
        for path in stale:
            with suppress(FileNotFoundError):
                os.unlink(path)
        for new in files:
            os.rename(new.temporary, new.path)
        _sync(files[0].path.parent)
    except BaseException:
        for new in files:
            new.discard()
        raise


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network and user-space file systems have no such call: nothing more can be done there.
        if error.errno != errno.EINVAL:
            raise OSError(error.errno, error.strerror, str(folder)) from None
    finally:
        os.close(descriptor)
