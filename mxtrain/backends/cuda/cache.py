"""Files that are kept between runs: compiled kernels and timed choices, in ~/.cache/mxtrain/cuda.

What cannot be read or is damaged is as good as absent; what cannot be written is not kept. Each file begins with the
SHA-256 of the rest. Nothing is locked but what is read, changed and written back: see `locked`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path("~/.cache/mxtrain/cuda")
LARGEST = 64 << 20
"""Bytes of the largest file that is believed."""


def folder() -> Path:
    """Where the files are."""
    return FOLDER.expanduser()


def read(name: str) -> bytes | None:
    """The content kept under `name`; None if there is none that is whole."""
    path = folder() / name
    try:
        if path.stat().st_size > LARGEST:
            return None
        data = path.read_bytes()
    except (OSError, RuntimeError):
        return None
    digest, content = data[:32], data[32:]
    return content if hashlib.sha256(content).digest() == digest else None


def write(name: str, content: bytes) -> None:
    """Keep the content under `name`, whole or not at all."""
    try:
        place = folder()
        place.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=place)
        try:
            with os.fdopen(handle, "wb") as f:
                f.write(hashlib.sha256(content).digest() + content)
            os.replace(temporary, place / name)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
    except (OSError, RuntimeError):
        return


@contextmanager
def locked(name: str) -> Iterator[bool]:
    """One process and thread at a time for `name`: what is read here, changed and written back loses nothing.

    Gives whether the lock is held. It cannot be in a home that is read-only, or on a file system without locks.
    """
    try:
        place = folder()
        place.mkdir(parents=True, exist_ok=True)
        # A file of its own, never removed: `write` replaces the other one, and with it a lock on it.
        descriptor = os.open(place / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except (OSError, RuntimeError):
        yield False
        return
    try:
        yield _flock(descriptor)
    finally:
        os.close(descriptor)


def _flock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError:
        return False
    return True
