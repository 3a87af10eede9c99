"""Devices: where arrays live, and the array module (NumPy or CuPy) that reference kernels are written against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

ALIGNMENT = 64


class Runtime(Protocol):
    """The driver of a device that has memory of its own. Backends make it; who needs more of it asks the backend."""

    @property
    def xp(self) -> Any:
        """The array module."""

    def allocate(self, nbytes: int) -> Any:
        """A flat uint8 buffer that begins at a multiple of 256 bytes, contents undefined."""

    def address(self, array: Any) -> int:
        """Where the array's first element lies."""

    def copy(self, target: Any, source: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """A prepared copy between arrays of one type and layout."""

    def explain(self, status: Any) -> str:
        """What a true status of a prepared call means."""

    def put(self, target: Any, values: Any) -> None:
        """Copy host values into an array, in the order of all work asked for."""

    def fetch(self, array: Any) -> NDArray[Any]:
        """The array on the host, after all work asked for before it."""

    def synchronize(self) -> None:
        """Wait for all work asked for."""

    def trim(self) -> None:
        """Give memory back that nothing lies in."""


@dataclass(frozen=True)
class Device:
    """A place for arrays.

    Args:
        name: ``cpu``, ``gpu:0``...
        kernels: kernel sets to try, best first; ``reference`` is always the last.
        threads: threads that fast kernels use.
        runtime: of a device that has memory of its own; None: the host.
    """

    name: str = "cpu"
    kernels: tuple[str, ...] = ("onednn", "reference")
    threads: int = 1
    runtime: Runtime | None = field(default=None, compare=False, repr=False)

    @property
    def xp(self) -> Any:
        """The array module: functions as NumPy names them."""
        return np if self.runtime is None else self.runtime.xp

    def empty(self, nbytes: int) -> Any:
        """A flat uint8 buffer, aligned, contents undefined."""
        if self.runtime is not None:
            return self.runtime.allocate(nbytes)
        raw = np.empty(nbytes + ALIGNMENT, np.uint8)
        start = -raw.ctypes.data % ALIGNMENT
        return raw[start : start + nbytes]

    def zeros(self, nbytes: int) -> Any:
        """A flat uint8 buffer of zeros, aligned."""
        if self.runtime is not None:
            buffer = self.runtime.allocate(nbytes)
            self.runtime.put(buffer, 0)
            return buffer
        raw = np.zeros(nbytes + ALIGNMENT, np.uint8)
        start = -raw.ctypes.data % ALIGNMENT
        return raw[start : start + nbytes]

    def address(self, array: Any) -> int:
        """Where the array's first element lies."""
        return int(array.ctypes.data) if self.runtime is None else self.runtime.address(array)

    def fetch(self, array: Any) -> NDArray[Any]:
        """The array as NumPy's: itself on the host, else a copy, after all work asked for before it."""
        return np.asarray(array) if self.runtime is None else self.runtime.fetch(array)

    def put(self, target: Any, values: Any) -> None:
        """Copy host values (an array, nested tuples, a number) into an array of the device."""
        if self.runtime is not None:
            self.runtime.put(target, values)
        else:
            target[...] = np.asarray(values)

    def synchronize(self) -> None:
        """Wait for all work asked for."""
        if self.runtime is not None:
            self.runtime.synchronize()

    def trim(self) -> None:
        """Give memory back to the system that was needed for a while. The host's goes back by itself."""
        if self.runtime is not None:
            self.runtime.trim()


REFERENCE = Device(kernels=("reference",))


def align(nbytes: int, to: int = ALIGNMENT) -> int:
    """`nbytes` rounded up to a multiple of `to`."""
    return -(-nbytes // to) * to
