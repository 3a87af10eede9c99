"""JPEG decoding by nvJPEG: a batch at once into device memory; what it cannot decode goes to a decoder on the host.

Its pixels are not those of libjpeg-turbo to the last bit (another transform and upsampling), so a run keeps the name of
its decoder.
"""

from __future__ import annotations

import ctypes as c
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mxtrain.backends.cuda._prototypes import NVJPEG_TABLE, bind, missing
from mxtrain.backends.cuda.libraries import NVJPEG, states
from mxtrain.backends.cuda.library import find
from mxtrain.backends.cuda.runtime import cuda_of
from mxtrain.base.device import Device, align
from mxtrain.base.errors import BackendUnavailable

HARDWARE, GPU_HYBRID, DEFAULT = 3, 2, 0
BACKENDS = {HARDWARE: "hardware", GPU_HYBRID: "gpu", DEFAULT: "hybrid"}
"""What decodes, best first: the chip's own decoder, the GPU with its Huffman stage, the GPU with that on the host."""

RGB_INTERLEAVED = 5
PLANES, CHANNELS, PIECE = 4, 3, 256
_STATUS = (
    "success", "not initialized", "invalid parameter", "damaged JPEG", "JPEG not supported", "allocation failed",
    "execution failed", "architecture mismatch", "internal error", "not supported by this implementation",
    "incomplete stream",
)  # fmt: skip

Pixels = NDArray[np.uint8]


class _Image(c.Structure):
    """nvjpegImage_t."""

    _fields_ = [("channel", c.c_void_p * PLANES), ("pitch", c.c_size_t * PLANES)]


class Decoded(NamedTuple):
    """A batch in device memory.

    Args:
        images: (H, W, 3) uint8 each, RGB; valid until the next batch.
        by_host: which of them the decoder on the host has decoded.
    """

    images: list[Any]
    by_host: tuple[int, ...]


class Decoder:
    """Decodes batches on a stream of a device. Made by `decoder`.

    Args:
        lib: the library with its prototypes.
        device: where the pixels go.
        fallback: decodes one image on the host, (H, W, 3) uint8; its error is the caller's.
        threads: of the host that take part.
    """

    def __init__(self, lib: Any, device: Device, fallback: Callable[[bytes], Pixels], threads: int = 1) -> None:
        self.lib, self.device, self.fallback, self.threads = lib, device, fallback, threads
        self.cuda = cuda_of(device)
        self.handle, self.state, self.header = c.c_void_p(), c.c_void_p(), c.c_void_p()
        self.backend = self._open()
        self._call("nvjpegJpegStateCreate", self.handle, c.byref(self.state))
        self._call("nvjpegJpegStreamCreate", self.handle, c.byref(self.header))
        self._slab: Any = device.empty(1)
        self._kept: list[Any] = []

    def __del__(self, ending: Callable[[], bool] = sys.is_finalizing) -> None:
        if not ending():
            owned = {"JpegStreamDestroy": self.header, "JpegStateDestroy": self.state, "Destroy": self.handle}
            for name, pointer in owned.items():
                if pointer.value:
                    getattr(self.lib, f"nvjpeg{name}")(pointer)

    @property
    def name(self) -> str:
        """What a checkpoint calls it: library, version, and what decodes."""
        version = next(s.version for s in states() if s.name == "nvJPEG")
        return f"nvjpeg {version} {self.backend}"

    def decode(self, images: Sequence[bytes], stream: int) -> Decoded:
        """The images in device memory, in the order of the stream.

        Args:
            images: whole JPEG files.
            stream: for whose work the pixels are there; an event recorded on it says when.

        Raises:
            Whatever the decoder on the host raises for an image that neither can decode.
        """
        self._kept = []
        sizes = [self._size(data) for data in images]
        ours = [k for k, size in enumerate(sizes) if size]
        hosts = {k: self.fallback(images[k]) for k, size in enumerate(sizes) if not size}
        outs = self._places([hosts[k].shape[:2] if k in hosts else sizes[k] or (0, 0) for k in range(len(images))])
        if ours and self._batch([images[k] for k in ours], [outs[k] for k in ours], stream):
            # One damaged image spoils a batch: the host says which, or decodes what only the library refuses.
            return self._by_host(images, stream)
        self._upload(hosts, outs, stream)
        return Decoded(outs, tuple(hosts))

    def _by_host(self, images: Sequence[bytes], stream: int) -> Decoded:
        hosts = {k: self.fallback(data) for k, data in enumerate(images)}
        outs = self._places([h.shape[:2] for h in hosts.values()])
        self._upload(hosts, outs, stream)
        return Decoded(outs, tuple(hosts))

    def _open(self) -> str:
        text = ""
        for backend, name in BACKENDS.items():
            status = self.lib.nvjpegCreateEx(backend, None, None, 0, c.byref(self.handle))
            if not status:
                return name
            text = explain("nvjpegCreateEx", status)
        raise BackendUnavailable(f"nvJPEG cannot use {self.device.name}: {text}")

    def _call(self, function: str, *args: Any) -> None:
        status = getattr(self.lib, function)(*args)
        if status:
            raise BackendUnavailable(explain(function, status))

    def _size(self, data: bytes) -> tuple[int, int] | None:
        """(height, width); None if the library does not decode the image in a batch."""
        lib, width, height = self.lib, c.c_uint(), c.c_uint()
        channels, refused = c.c_uint(), c.c_int(1)
        if lib.nvjpegJpegStreamParseHeader(self.handle, data, len(data), self.header):
            return None
        if lib.nvjpegJpegStreamGetComponentsNum(self.header, c.byref(channels)) or channels.value not in (1, 3):
            return None
        if lib.nvjpegDecodeBatchedSupported(self.handle, self.header, c.byref(refused)) or refused.value:
            return None
        if lib.nvjpegJpegStreamGetFrameDimensions(self.header, c.byref(width), c.byref(height)):
            return None
        return height.value, width.value

    def _places(self, sizes: Sequence[tuple[int, int]]) -> list[Any]:
        """Device arrays of these sizes, in one slab that only grows."""
        bytes_of = [h * w * CHANNELS for h, w in sizes]
        total = sum(align(n, PIECE) for n in bytes_of)
        if total > self._slab.nbytes:
            self.cuda.synchronize()
            self._slab = self.device.empty(total + total // 4)
        outs, top = [], 0
        for n, (h, w) in zip(bytes_of, sizes, strict=True):
            outs.append(self._slab[top : top + n].reshape(h, w, CHANNELS))
            top += align(n, PIECE)
        return outs

    def _batch(self, images: Sequence[bytes], outs: Sequence[Any], stream: int) -> int:
        count = len(images)
        args = (self.handle, self.state, count, self.threads, RGB_INTERLEAVED)
        status = self.lib.nvjpegDecodeBatchedInitialize(*args)
        if status:
            return int(status)
        data = (c.c_char_p * count)(*images)
        lengths = (c.c_size_t * count)(*(len(d) for d in images))
        targets = (_Image * count)()
        for target, out in zip(targets, outs, strict=True):
            target.channel[0], target.pitch[0] = self.device.address(out), out.shape[1] * CHANNELS
        # The library reads the files while it works: they stay until the next batch.
        self._kept += [data, lengths, targets, list(images)]
        return int(self.lib.nvjpegDecodeBatched(self.handle, self.state, data, lengths, targets, stream))

    def _upload(self, hosts: dict[int, Pixels], outs: Sequence[Any], stream: int) -> None:
        for k, pixels in hosts.items():
            pinned = self.cuda.pinned(pixels.nbytes)
            pinned[:] = pixels.reshape(-1)
            self.cuda.upload(outs[k], pinned.reshape(pixels.shape), stream)
            self._kept.append(pinned)


def explain(function: str, status: int) -> str:
    """What a status of a function means."""
    text = _STATUS[status] if 0 <= status < len(_STATUS) else "unknown"
    return f"{function}: {text} ({status})"


def decoder(device: Device, fallback: Callable[[bytes], Pixels], threads: int = 1) -> Decoder:
    """A decoder on the device.

    Args:
        fallback: decodes one image on the host, (H, W, 3) uint8.
        threads: of the host that take part.

    Raises:
        BackendUnavailable: if there is no nvJPEG, or it cannot use the device.
    """
    found = find(NVJPEG)
    if found is None or missing(found.handle, NVJPEG_TABLE):
        state = next(s for s in states() if s.name == "nvJPEG")
        raise BackendUnavailable(f"decoding on the GPU needs nvJPEG: {state.problem}")
    return Decoder(bind(found.handle, NVJPEG_TABLE), device, fallback, threads)
