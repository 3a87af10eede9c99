"""Files that are kept between runs: compiled kernels and timed choices, in ~/.cache/mxtrain/cuda.

What cannot be read or is damaged is as good as absent; what cannot be written is not kept. Each file begins with the
SHA-256 of the rest.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
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
