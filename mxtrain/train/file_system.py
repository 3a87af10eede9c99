"""The few calls that durable writing makes, as one record, so that a test can fail or stop the k-th of them."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from mxtrain.base.errors import EnvironmentFault, MXTrainError, OutOfSpace

Content = bytes | Callable[[BinaryIO], None]

FULL = (errno.ENOSPC, errno.EDQUOT)
UNWRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR)


@dataclass(frozen=True)
class FileSystem:
    """What durable writing may ask of a file system. Each raises OSError.

    Args:
        mkdir: one new directory with this mode.
        create: a new file, opened unbuffered for writing; fails if the name is taken.
        fsync_file: the content of an open file reaches the disk.
        fsync_dir: the entries of a directory reach the disk.
        rename: replaces a file or link of the new name; fails on a directory that is not empty.
        unlink: removes a file or link.
        rmdir: removes an empty directory.
        symlink: ``(target, path)``.
        readlink: the target of a link.
        listdir: the names in a directory.
        open: a regular file, opened unbuffered for reading; never follows a link, never waits.
        free: bytes that may still be written.
    """

    mkdir: Callable[[Path, int], None]
    create: Callable[[Path], io.RawIOBase]
    fsync_file: Callable[[io.RawIOBase], None]
    fsync_dir: Callable[[Path], None]
    rename: Callable[[Path, Path], None]
    unlink: Callable[[Path], None]
    rmdir: Callable[[Path], None]
    symlink: Callable[[str, Path], None]
    readlink: Callable[[Path], str]
    listdir: Callable[[Path], list[str]]
    open: Callable[[Path], io.FileIO]
    free: Callable[[Path], int]


def _create(path: Path) -> io.RawIOBase:
    return open(path, "xb", buffering=0)


def _fsync_file(file: io.RawIOBase) -> None:
    os.fsync(file.fileno())


def _fsync_dir(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network and user-space file systems have no such call: nothing more can be done there.
        if error.errno != errno.EINVAL:
            raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        os.close(descriptor)


def _open(path: Path) -> io.FileIO:
    # O_NONBLOCK: opening a FIFO that somebody put there must not wait for its writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return io.FileIO(descriptor, "rb")


LOCAL = FileSystem(
    mkdir=lambda path, mode: os.mkdir(path, mode),
    create=_create,
    fsync_file=_fsync_file,
    fsync_dir=_fsync_dir,
    rename=lambda old, new: os.rename(old, new),
    unlink=lambda path: os.unlink(path),
    rmdir=lambda path: os.rmdir(path),
    symlink=lambda target, path: os.symlink(target, path),
    readlink=lambda path: os.readlink(path),
    listdir=lambda path: os.listdir(path),
    open=_open,
    free=lambda path: shutil.disk_usage(path).free,
)


class Sum(NamedTuple):
    """What a file must be: size in bytes and SHA-256, 64 hexadecimal digits."""

    size: int
    sha256: str


class _Sink(io.RawIOBase):
    """Completes short writes, and sums what passes. Without a file it only sums."""

    def __init__(self, file: io.RawIOBase | None) -> None:
        self._file, self._size, self._hash = file, 0, hashlib.sha256()

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, data: Any) -> int:
        view = memoryview(data)
        size = view.nbytes
        if size == 0:
            return 0
        view = view.cast("B")
        self._hash.update(view)
        self._size += size
        while self._file is not None and view:
            written = self._file.write(view)
            if not written:
                raise OSError(errno.EIO, "the file takes no more bytes")
            view = view[written:]
        return size

    def sum(self) -> Sum:
        return Sum(self._size, self._hash.hexdigest())


def _fill(sink: _Sink, content: Content) -> Sum:
    if callable(content):
        content(cast(BinaryIO, sink))
    else:
        sink.write(content)
    return sink.sum()


def size_of(content: Content) -> int:
    """How many bytes `content` would write."""
    return _fill(_Sink(None), content).size


def write_file(fs: FileSystem, path: Path, content: Content) -> Sum:
    """Write a new file and bring it to the disk.

    Raises:
        OSError: naming the file; what was written of it stays.
    """
    try:
        with fs.create(path) as file:
            total = _fill(_Sink(file), content)
            fs.fsync_file(file)
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise
    return total


def replace_file(fs: FileSystem, path: Path, content: Content) -> None:
    """Give `path` a new content at once: after a crash it has the old one or the new one, whole.

    One process at a time may do so. What a killed one left is overwritten by the next.

    Raises:
        OSError: the old content stays.
    """
    temporary = path.with_name(f".tmp-{path.name}")
    try:
        with suppress(FileNotFoundError):
            fs.unlink(temporary)
        write_file(fs, temporary, content)
        fs.rename(temporary, path)
        fs.fsync_dir(path.parent)
    except Exception:
        with suppress(OSError):
            fs.unlink(temporary)
        raise


def ensure_dir(fs: FileSystem, path: Path, mode: int = 0o777) -> None:
    """Make a directory and its missing parents, each brought to the disk together with its entry.

    Raises:
        OSError: also where something that is not a directory has the name.
    """
    try:
        fs.mkdir(path, mode)
    except FileExistsError:
        fs.listdir(path)
        return
    except FileNotFoundError:
        if path.parent == path:
            raise
        ensure_dir(fs, path.parent, mode)
        # Once: some file systems, such as /proc, never have what is not there.
        with suppress(FileExistsError):
            fs.mkdir(path, mode)
    fs.fsync_dir(path)
    fs.fsync_dir(path.parent)


def describe(error: OSError, path: Path) -> str:
    """Where it happened and what the system says."""
    return f"{error.filename or path}: {error.strerror or error}"


def fault(error: OSError, path: Path, doing: str, otherwise: type[MXTrainError]) -> MXTrainError:
    """The error that a user sees for a refused system call.

    Args:
        error: what the system said.
        path: where, if `error` does not say.
        doing: what failed ("run directory cannot be made").
        otherwise: the class if neither space nor permission is missing.
    """
    text = f"{describe(error, path)}: {doing}"
    if error.errno in FULL:
        return OutOfSpace(f"{text}; free some space (or raise the quota) and start again")
    if error.errno in UNWRITABLE:
        return EnvironmentFault(f"{text}; expected a writable directory: check the path, its mount and its permissions")
    return otherwise(text)


def remove_tree(fs: FileSystem, path: Path) -> None:
    """Remove a link, or a directory of files. A directory inside one is not ours: that raises OSError."""
    try:
        fs.readlink(path)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        for name in fs.listdir(path):
            fs.unlink(path / name)
        fs.rmdir(path)
    else:
        fs.unlink(path)
