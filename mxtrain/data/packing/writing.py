"""What every writer of packs needs: one process at a time, and the system's refusals as errors that say what to do."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mxtrain.base.errors import DataError, EnvironmentFault, OutOfSpace, RunBusy
from mxtrain.data.packing import manifest, places
from mxtrain.data.packing.manifest import Shard
from recordio.files import cache_path, crc_path, idx_path

FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def told(out: Path, after: str = "finished shards stay: the same command goes on") -> Iterator[None]:
    """Within the context, what the system refuses becomes an error of ours.

    Args:
        out: what is written.
        after: what to tell of the state that is left.

    Raises:
        OutOfSpace: if the disk is full.
        EnvironmentFault: for everything else.
    """
    try:
        yield
    except OSError as error:
        where = f"{os.fsdecode(error.filename or out)}: {error.strerror or error}"
        if error.errno in FULL:
            raise OutOfSpace(f"{where}; the half file was removed, {after}, when there is room") from None
        raise EnvironmentFault(f"{where}; {after}") from None


def remove(prefix: Path) -> None:
    """Remove the pack of a name, the manifest first: it must not speak of files that are gone.

    Raises:
        OSError: if a file cannot be removed.
    """
    path = places.manifest_path(prefix)
    shards: tuple[Shard, ...] = ()
    with suppress(DataError):
        shards = manifest.read(path).shards if path.exists() else ()
    path.unlink(missing_ok=True)
    remove_shards(prefix, shards)


def remove_shards(prefix: Path, shards: Iterable[Shard]) -> None:
    """Remove the files of some shards of a pack, and its list.

    Raises:
        OSError: if a file cannot be removed.
    """
    places.list_path(prefix).unlink(missing_ok=True)
    for shard in shards:
        rec = manifest.file_names(shard, prefix.parent)[0]
        for file in (rec, idx_path(rec), crc_path(rec), cache_path(rec)):
            file.unlink(missing_ok=True)


@contextmanager
def lock(prefix: Path) -> Iterator[None]:
    """Hold OUT.lock.

    Raises:
        RunBusy: if another process holds it.
        OSError: if it cannot be made.
    """
    path = places.lock_path(prefix)
    descriptor = _held(path)
    if descriptor is None:
        raise RunBusy(f"{path}: another process packs to {prefix}; wait for it, or choose another OUT")
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)


def _held(path: Path) -> int | None:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        with suppress(FileNotFoundError):
            if os.stat(path).st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        # Its last holder removed the file in between: what is locked has no name any more.
        os.close(descriptor)
