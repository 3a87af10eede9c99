"""Image decoders, one file each: the library that turns the bytes of a file into pixels.

data/image.py reads the header of an ordinary JPEG and has the chosen decoder give the pixels. Whatever it leaves, and
all else, is opened and decoded by Pillow, which says what is wrong with it. Only the last bit of a pixel can depend on
the choice, but for what is chosen by name alone. May import base, the rest of data, and backends where a decoder is one
of theirs. Begin with pillow.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.errors import BackendUnavailable
from mxtrain.base.registry import Registry
from mxtrain.data.jpeg import Header

DecodeJpeg = Callable[[bytes | memoryview, Header, int, int, int], NDArray[np.uint8] | None]

PREFERRED = ("simplejpeg", "pillow")
"""The first of these that is installed decodes, unless a config or a checkpoint names another. What is not among them
makes other pixels."""


@dataclass(frozen=True)
class Decoder:
    """A library that decodes.

    Args:
        lacks: what keeps this machine from using it, one text per thing, each with what to do; empty if nothing does.
        jpeg: (bytes of a file, its header, channels, scale, rows) -> (H, W, channels) uint8 as stored, each side
            divided by `scale` (1, 2, 4 or 8) and rounded up, of which the first `rows` are needed: anything may be in
            the others. None if it is not one for this library, or if anything is wrong with it: Pillow then says
            what. None: Pillow decodes everything.
        on: number of a GPU -> `jpeg` there, for a library that needs one.
    """

    lacks: Callable[[], tuple[str, ...]]
    jpeg: DecodeJpeg | None = None
    on: Callable[[int], DecodeJpeg] | None = None

    def available(self) -> bool:
        """True if nothing is lacking."""
        return not self.lacks()


REGISTRY: Registry[Decoder] = Registry("mxtrain.data.decoders", "DECODER", "image decoder")


@cache
def best() -> str:
    """The name of the fastest decoder that is installed."""
    return next(name for name in PREFERRED if REGISTRY.get(name).available())


def usable(name: str) -> str:
    """`name`, if there is such a decoder and it can be used; else the fastest that is installed."""
    return name if name in REGISTRY and REGISTRY.get(name).available() else best()


def replacement(name: str) -> str:
    """What is to be said where the decoder called `name` decoded and another does it here; "" if it can be used."""
    now = usable(name)
    if now == name:
        return ""
    lacking = REGISTRY.get(name).lacks() if name in REGISTRY else (REGISTRY.unknown(name),)
    differ = "in the last bit" if name in PREFERRED else "by more than the last bit"
    return (
        f"images were decoded by {name}, which cannot be used here: {now} does it, and pixels may differ {differ} "
        f"({'; '.join(lacking)})"
    )


def needed(name: str) -> str:
    """`name`, which a config asks for.

    Raises:
        BackendUnavailable: saying all that lacks.
    """
    lacking = REGISTRY.get(name).lacks()
    if lacking:
        listed = "".join(f"\n    {text}" for text in lacking)
        raise BackendUnavailable(
            f"data.decoder: {name} cannot be used on this machine:{listed}\n"
            "data.decoder=auto decodes without it; `mxtrain doctor` looks again"
        )
    return name


def load(name: str, gpu: int = 0) -> Decoder:
    """The decoder called `name`, or another in its place.

    Args:
        gpu: which decodes, if it is one that needs a GPU.
    """
    found = REGISTRY.get(usable(name))
    return found if found.on is None else replace(found, jpeg=found.on(gpu))


class _Lent(threading.local):
    """What a thread may decode into."""

    active: bool = False
    memory: NDArray[np.uint8] = np.empty(0, np.uint8)


_lent = _Lent()
_LENT_AT_MOST = 1 << 24
"""Bytes. What is larger gets memory of its own, so that one large image does not hold it for good."""


@contextmanager
def lending() -> Iterator[None]:
    """Within the context, on this thread, an image lasts until the next one is decoded.

    New memory of the size of a photograph comes from the system page by page, each cleared first: a quarter of the
    time of decoding.
    """
    before, _lent.active = _lent.active, True
    try:
        yield
    finally:
        _lent.active = before


def room(size: int) -> NDArray[np.uint8]:
    """Memory (size,) to decode into: lent, or the image's own."""
    if not _lent.active or size > _LENT_AT_MOST:
        return np.empty(size, np.uint8)
    if len(_lent.memory) < size:
        _lent.memory = np.empty(size + size // 2, np.uint8)
    return _lent.memory[:size]
