"""A picture as the bytes of a JPEG or PNG.

Pillow lets other threads run while it writes to a file, but not while it fills a buffer of Python. So it writes to a
file that lives in memory where the system has such files: two threads then encode at once.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Literal

from PIL import Image as Pillow

from mxtrain.base.errors import DataError

_PNG_LEVEL = 6


class _Local(threading.local):
    """The file of a thread, while it has one."""

    file: IO[bytes] | None = None


_local = _Local()


@contextmanager
def scratch() -> Iterator[None]:
    """Within the context, pictures of this thread are encoded while other threads run."""
    if not hasattr(os, "memfd_create"):
        yield
        return
    with open(os.memfd_create("mxtrain-picture"), "r+b", buffering=0) as _local.file:
        try:
            yield
        finally:
            _local.file = None


def encode(picture: Pillow.Image, kind: Literal["jpeg", "png"], quality: int, name: str) -> bytes:
    """A picture, mode L or RGB.

    Args:
        picture: with its pixels.
        kind: format of the result.
        quality: of a JPEG, 1 to 100.
        name: what to call it in an error.

    Raises:
        DataError: if the format cannot hold it.
    """
    file = _local.file or io.BytesIO()
    file.seek(0)
    try:
        if kind == "jpeg":
            picture.save(file, "JPEG", quality=quality)
        else:
            picture.save(file, "PNG", compress_level=_PNG_LEVEL)
    except (OSError, ValueError) as error:
        shape = f"{picture.height} x {picture.width}"
        raise DataError(f"{name}: {shape} pixels cannot be stored as {kind}: {error}") from None
    size = file.tell()
    file.seek(0)
    return file.read(size)
