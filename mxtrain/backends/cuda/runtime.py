"""The device protocol: all that the rest of mxtrain asks of a CUDA device. device.py has it on CuPy and the driver; the
tests have it on the host, so that plans, arenas, capture and error paths run where there is no GPU.

Addresses, streams and functions are plain ints: what libraries take through ctypes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mxtrain.backends.cuda.source import Source
from mxtrain.backends.cuda.tuning import Tuning
from mxtrain.base.device import Device, Runtime
from mxtrain.base.errors import BackendUnavailable
from mxtrain.graph import Call


@dataclass(frozen=True)
class Properties:
    """What a GPU is.

    Args:
        name: as the driver says it.
        sm: compute capability as a number, 90 for 9.0.
        memory: bytes in all.
        multiprocessors: how many.
        driver: version of CUDA that the driver knows, 13000 for 13.0.
    """

    name: str
    sm: int
    memory: int
    multiprocessors: int
    driver: int


class Event(Protocol):
    """A mark in a stream."""

    def record(self, stream: int | None = None) -> None:
        """Put the mark after all work asked for; None: of the compute stream."""

    def wait(self, stream: int | None = None) -> None:
        """Make later work of the stream wait for the mark; None: of the compute stream."""

    def synchronize(self) -> None:
        """Make the host wait for the mark."""

    def since(self, earlier: Event) -> float:
        """Milliseconds between two marks, after both have been passed."""


class StepGraph(Protocol):
    """Work that was captured."""

    def launch(self) -> int:
        """Ask for all of it again on the compute stream; a status."""


class Cuda(Runtime, Protocol):
    """A CUDA device.

    One compute stream orders all work of plans; it is the current stream of the array module in the thread that made
    the device. Copies that overlap with it go through a stream of their own.
    """

    @property
    def index(self) -> int:
        """Number of the device."""

    @property
    def properties(self) -> Properties:
        """What it is."""

    @property
    def stream(self) -> int:
        """Handle of the compute stream."""

    @property
    def tuning(self) -> Tuning:
        """Timed choices."""

    @property
    def launcher(self) -> Callable[..., int]:
        """``cuLaunchKernel(function, grid x y z, block x y z, shared bytes, stream, parameters, None)``; a status."""

    def function(self, code: Source, name: str, macros: Sequence[tuple[str, str]]) -> int:
        """The handle of a kernel, compiled or out of the cache, and loaded.

        Raises:
            BackendUnavailable: with the compiler's text, or the driver's.
        """

    def copy(self, target: Any, source: Any) -> Call:
        """A prepared copy between arrays of one type and layout, capturable."""

    def explain(self, status: Any) -> str:
        """The driver's text of a status."""

    def free_memory(self) -> int:
        """Bytes that are free."""

    def held_memory(self) -> int:
        """Bytes that this process holds for arrays."""

    def new_stream(self) -> int:
        """Handle of a stream beside the compute stream."""

    def use(self, stream: int | None = None) -> None:
        """Make the device and a stream of it current in the calling thread; None: the compute stream."""

    def new_event(self) -> Event:
        """A mark."""

    def pinned(self, nbytes: int) -> NDArray[np.uint8]:
        """A host buffer that copies do not have to lock first."""

    def upload(self, target: Any, host: NDArray[Any], stream: int | None = None) -> None:
        """Copy pinned host memory, C order, to a dense device array, in the order of the stream; capturable."""

    def download(self, host: NDArray[Any], source: Any, stream: int | None = None) -> None:
        """Copy a dense device array to pinned host memory, in the order of the stream; capturable."""

    def begin_capture(self) -> None:
        """From here on the compute stream notes work down instead of doing it."""

    def end_capture(self) -> StepGraph:
        """What was noted down, uploaded, ready to launch."""

    def abort_capture(self) -> None:
        """Leave the capture after an error; nothing is kept."""


def cuda_of(device: Device) -> Any:
    """The CUDA runtime of a device. Typed Any on purpose: kernels use more of it than base's protocol says.

    Raises:
        BackendUnavailable: if the device is none of CUDA's.
    """
    if device.runtime is None:
        raise BackendUnavailable(f"device {device.name} is no CUDA device")
    return device.runtime
