"""Reading whole files with clear errors, and hashing them for the record of what a run was trained on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mxtrain.base.errors import DataError

HASH_WHOLE = 64 << 20
_BLOCK = 1 << 16
_ATTEMPTS = 3
_FINAL = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)


def read_file(path: Path, limit: int) -> bytes:
    """The bytes of a regular file. A failure that may pass (on a network file system) is tried three times.

    Raises:
        DataError: if it is absent, no regular file, longer than `limit` bytes, or cannot be read.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            # A pipe or device would block the reader for ever.
            if not path.is_file():
                raise DataError(f"{path}: {'not a regular file' if path.exists() else 'no such file'}")
            size = path.stat().st_size
            if size > limit:
                raise DataError(f"{path}: {size} bytes; at most {limit} are read")
            return path.read_bytes()
        except OSError as error:
            if attempt == _ATTEMPTS or isinstance(error, _FINAL):
                raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    raise RuntimeError("not reached")


def fingerprint(path: Path) -> dict[str, Any]:
    """Name, size and sha256 of a file; of one above 64 MiB only five blocks of 64 KiB are hashed (``sampled``).

    Raises:
        DataError: if it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, 2)
            digest = hashlib.sha256()
            stream.seek(0)
            if size <= HASH_WHOLE:
                while block := stream.read(1 << 20):
                    digest.update(block)
            else:
                for part in range(5):
                    stream.seek((size - _BLOCK) * part // 4)
                    digest.update(stream.read(_BLOCK))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    return {"name": path.name, "size": size, "sha256": digest.hexdigest(), "sampled": size > HASH_WHOLE}


def fingerprint_tree(root: Path, files: Iterable[str]) -> dict[str, Any]:
    """One hash over the relative paths and sizes of many files, and over the first 4 KiB of at most 64 of them.

    An edit that keeps the size of a file that is not among the 64 goes unseen: hashing every file would cost as much
    as an epoch of reading.
    """
    listing = hashlib.sha256()
    sample = hashlib.sha256()
    names = list(files)
    step = max(1, len(names) // 64)
    total = 0
    try:
        for number, name in enumerate(names):
            size = (root / name).stat().st_size
            total += size
            listing.update(f"{name}\0{size}\n".encode("utf-8", "surrogateescape"))
            if number % step == 0:
                with (root / name).open("rb") as stream:
                    sample.update(stream.read(4096))
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be read: {error.strerror or error}") from error
    return {"files": len(names), "size": total, "listing": listing.hexdigest(), "sample": sample.hexdigest()}
