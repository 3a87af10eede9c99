"""JPEG decoding by nvJPEG: into device memory, and from there to the host.

Its pixels are not those of libjpeg-turbo (another transform and upsampling), so a run keeps the name of its decoder.
"""

from __future__ import annotations

import ctypes as c
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.backends.cuda._prototypes import NVJPEG_TABLE, bind, missing
from mxtrain.backends.cuda.device import why_not
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
_OF_THE_FILE = (3, 4, 6, 8, 9, 10)
"""Statuses that may be the file's fault: the others are the machine's."""

Pixels = NDArray[np.uint8]


class _Image(c.Structure):
    """nvjpegImage_t."""

    _fields_ = [("channel", c.c_void_p * PLANES), ("pitch", c.c_size_t * PLANES)]


class Decoder:
    """Decodes one image after another into host memory, on a stream of its own. Made by `decoder`; not for two threads
    at once.

    Args:
        lib: the library with its prototypes.
        device: that decodes.
    """

    def __init__(self, lib: Any, device: Device) -> None:
        self.lib, self.device = lib, device
        self.cuda = cuda_of(device)
        self.handle, self.state, self.header = c.c_void_p(), c.c_void_p(), c.c_void_p()
        # What is made here belongs to the GPU that is current, in whatever thread this is.
        self.cuda.use()
        self.backend = self._open()
        self._call("nvjpegJpegStateCreate", self.handle, c.byref(self.state))
        self._call("nvjpegJpegStreamCreate", self.handle, c.byref(self.header))
        self.stream, self._done = self.cuda.new_stream(), self.cuda.new_event()
        self._image: Any = device.empty(PIECE)
        self._host: Pixels = self.cuda.pinned(PIECE)

    def __del__(self, ending: Callable[[], bool] = sys.is_finalizing) -> None:
        if not ending():
            owned = {"JpegStreamDestroy": self.header, "JpegStateDestroy": self.state, "Destroy": self.handle}
            for name, pointer in owned.items():
                if pointer.value:
                    getattr(self.lib, f"nvjpeg{name}")(pointer)

    def decode(self, data: bytes, size: tuple[int, int], rows: int) -> Pixels | None:
        """The first rows of a JPEG's pixels.

        Args:
            data: the whole file.
            size: (height, width), as its header says.
            rows: of them, how many are wanted; all are decoded.

        Returns:
            (rows, width, 3) RGB, valid until the next image; None if the library does not take the file, or finds it
            damaged.

        Raises:
            BackendUnavailable: if it is not the file that is wrong.
        """
        self.cuda.use(self.stream)
        try:
            return self._pixels(data, size, rows) if self._size(data) == size else None
        finally:
            # A thread that asks for steps too goes on where plans run.
            self.cuda.use()

    def _pixels(self, data: bytes, size: tuple[int, int], rows: int) -> Pixels | None:
        height, width = size
        self._grow(height * width * CHANNELS)
        status = self._decode(data, width)
        wanted = self._host[: rows * width * CHANNELS]
        if not status:
            self.cuda.download(wanted, self._image[: len(wanted)], self.stream)
        # Also after a failure: the library reads the file as long as it works.
        self._done.record(self.stream)
        self._done.synchronize()
        if status and status not in _OF_THE_FILE:
            raise BackendUnavailable(explain("nvjpegDecodeBatched", status))
        return None if status else wanted.reshape(rows, width, CHANNELS)

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
        """(height, width); None if the library does not decode the image."""
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

    def _grow(self, nbytes: int) -> None:
        """Room for an image on both sides. Nothing is under way on the stream: each image was waited for."""
        if nbytes > len(self._host):
            nbytes = align(nbytes + nbytes // 4, PIECE)
            self._image = self.device.empty(nbytes)
            self._host = self.cuda.pinned(nbytes)

    def _decode(self, data: bytes, width: int) -> int:
        # A batch of one: of a batch alone the chip's own decoder takes images.
        status = self.lib.nvjpegDecodeBatchedInitialize(self.handle, self.state, 1, 1, RGB_INTERLEAVED)
        if status:
            return int(status)
        target = _Image()
        target.channel[0], target.pitch[0] = self.device.address(self._image), width * CHANNELS
        images, lengths = (c.c_char_p * 1)(data), (c.c_size_t * 1)(len(data))
        return int(self.lib.nvjpegDecodeBatched(self.handle, self.state, images, lengths, c.byref(target), self.stream))


def explain(function: str, status: int) -> str:
    """What a status of a function means."""
    text = _STATUS[status] if 0 <= status < len(_STATUS) else "unknown"
    return f"{function}: {text} ({status})"


def lacks() -> tuple[str, ...]:
    """What keeps this machine from decoding so, one text per thing, each with what to do; empty if nothing does."""
    lacking = (f"{s.name}: {s.problem}" for s in states() if s.name == "nvJPEG" and s.problem)
    return (*why_not(), *lacking)


def decoder(device: Device) -> Decoder:
    """A decoder on the device.

    Raises:
        BackendUnavailable: if there is no nvJPEG, or it cannot use the device.
    """
    found = find(NVJPEG)
    if found is None or missing(found.handle, NVJPEG_TABLE):
        state = next(s for s in states() if s.name == "nvJPEG")
        raise BackendUnavailable(f"decoding on the GPU needs nvJPEG: {state.problem}")
    return Decoder(bind(found.handle, NVJPEG_TABLE), device)
