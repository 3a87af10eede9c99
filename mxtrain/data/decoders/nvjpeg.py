"""nvjpeg: decodes JPEGs of 8 bits in colour on an NVIDIA GPU. Only where it is asked for: its pixels are its own.

Pixels come back to the host, where augmenters work. What it does not take or finds damaged, and what may be decoded
smaller, goes to the fastest decoder of the host. Why: docs/decisions/010-nvjpeg.md.
"""

from __future__ import annotations

from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from mxtrain.backends import cuda
from mxtrain.backends.cuda import nvjpeg
from mxtrain.base.device import Device
from mxtrain.data import decoders
from mxtrain.data.decoders import DecodeJpeg, Decoder
from mxtrain.data.jpeg import Header


class _Place:
    """A GPU with the decoders that no thread uses now. Each has handles, a stream and memory, which are used again."""

    def __init__(self, gpu: int) -> None:
        self.device: Device = cuda.make_device(gpu)
        self.idle: list[nvjpeg.Decoder] = []


_place = cache(_Place)


def lacks() -> tuple[str, ...]:
    """A GPU, what it needs, or the library."""
    return nvjpeg.lacks()


def on(gpu: int) -> DecodeJpeg:
    """What decodes on a GPU.

    Raises:
        BackendUnavailable: if there is no such GPU.
    """
    return partial(_decode, _place(gpu))


def _decode(
    place: _Place, data: bytes | memoryview, head: Header, channels: int, scale: int, rows: int
) -> NDArray[np.uint8] | None:
    pixels = _on_gpu(place, data, head, rows) if channels == 3 and scale == 1 else None
    if pixels is not None:
        return pixels
    host = decoders.load(decoders.best()).jpeg
    return host(data, head, channels, scale, rows) if host else None


def _on_gpu(place: _Place, data: bytes | memoryview, head: Header, rows: int) -> NDArray[np.uint8] | None:
    """(H, W, 3), its first `rows` filled; None if it is not one for the library."""
    # Threads end with each epoch, and handles are dear: they go from thread to thread.
    decoder = place.idle.pop() if place.idle else nvjpeg.decoder(place.device)
    try:
        found = decoder.decode(bytes(data), (head.height, head.width), rows)
        if found is None:
            return None
        pixels = decoders.room(head.height * head.width * 3)
        pixels[: found.size] = found.reshape(-1)
        return pixels.reshape(head.height, head.width, 3)
    finally:
        place.idle.append(decoder)


DECODER = Decoder(lacks, on=on)
