"""Ring: batches on their way to a device, through pinned host slots and device slots, by a copy stream of their own.

A host slot is written again only after its copy is done, a device slot only after the compute stream has read it, and
the compute stream reads only what the copy has brought. Events say so; nothing else waits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.backends.cuda import Cuda, Event

HOSTS, DEVICES = 4, 2
"""Slots: batches that the host may be ahead, and two on the device, one that is read and one that is filled."""


class Ring:
    """Slots of one size.

    Args:
        cuda: the device.
        nbytes: of a slot.
    """

    def __init__(self, cuda: Cuda, nbytes: int) -> None:
        self.cuda, self.nbytes = cuda, nbytes
        self.hosts = [cuda.pinned(nbytes) for _ in range(HOSTS)]
        self.devices = [cuda.allocate(nbytes) for _ in range(DEVICES)]
        self.stream = cuda.new_stream()
        self._copied: list[Event] = [cuda.new_event() for _ in range(HOSTS)]
        self._read: list[Event] = [cuda.new_event() for _ in range(DEVICES)]
        self._put = 0

    def put(self, fill: Callable[[NDArray[np.uint8]], int]) -> int:
        """Send one batch; the compute stream will wait for it. `done` must follow when its work has been asked for.

        Args:
            fill: writes a host slot; gives the bytes written.

        Returns:
            Number of the device slot.
        """
        h, d = self._put % HOSTS, self._put % DEVICES
        if self._put >= HOSTS:
            self._copied[h].synchronize()
        size = fill(self.hosts[h])
        if self._put >= DEVICES:
            self._read[d].wait(self.stream)
        self.cuda.upload(self.devices[d][:size], self.hosts[h][:size], self.stream)
        self._copied[h].record(self.stream)
        self._copied[h].wait()
        self._put += 1
        return d

    def done(self, slot: int) -> None:
        """All that reads the device slot has been asked for."""
        self._read[slot].record()

    def close(self) -> None:
        """Wait for the copies under way: after this, host slots may be given back."""
        for event in self._copied[: min(self._put, HOSTS)]:
            event.synchronize()
        self.cuda.synchronize()


class Layout:
    """Where the arrays of one kind of batch lie in a slot.

    Args:
        parts: (name, shape, dtype) of each.
    """

    def __init__(self, parts: list[tuple[str, tuple[int, ...], np.dtype[Any]]]) -> None:
        self.parts: dict[str, tuple[int, tuple[int, ...], np.dtype[Any]]] = {}
        top = 0
        for name, shape, dtype in parts:
            self.parts[name] = top, shape, dtype
            size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
            top += -(-size // 256) * 256
        self.nbytes = top

    def view(self, slot: Any, name: str) -> Any:
        """One array of a slot."""
        start, shape, dtype = self.parts[name]
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        return slot[start : start + size].view(dtype).reshape(shape)

    def fill(self, slot: NDArray[np.uint8], arrays: dict[str, Any]) -> int:
        """Write the arrays into a host slot; the bytes of a slot."""
        for name in self.parts:
            np.copyto(self.view(slot, name), arrays[name], casting="same_kind")
        return self.nbytes
