"""Numbers: what the host says to plans from step to step (learning rate, step, random key), in one small buffer.

On the host, what is written is what plans read. On a device, the host writes a copy, and `send` brings all of it over.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.device import Device
from mxtrain.base.errors import ConfigError
from mxtrain.base.types import TensorType, view

CAPACITY = 1 << 18
"""Bytes: 65,536 numbers."""


class Numbers:
    """Small values by name.

    Args:
        device: where plans read them.
    """

    def __init__(self, device: Device) -> None:
        self.device = device
        self.used = 0
        self._buffer: Any = None
        self._mirror: NDArray[np.uint8] = np.empty(0, np.uint8)
        self._places: dict[str, tuple[TensorType, int]] = {}

    def add(self, name: str, t: TensorType) -> Any:
        """Make room for a value, 0 at first: the array that plans read.

        Raises:
            ConfigError: if there are too many.
        """
        if self._buffer is None:
            self._buffer = self.device.zeros(CAPACITY)
            self._mirror = self._buffer if self.device.runtime is None else np.zeros(CAPACITY, np.uint8)
        if self.used + t.nbytes > CAPACITY:
            raise ConfigError(f"more than {CAPACITY // 4:,} numbers of an optimizer; does it go array by array?")
        self._places[name] = t, self.used
        self.used += -(-t.nbytes // 4) * 4
        return view(self._buffer, t, self._places[name][1])

    def host(self, name: str) -> Any:
        """The array that the host writes."""
        return view(self._mirror, *self._places[name])

    @property
    def bytes(self) -> NDArray[np.uint8]:
        """All that the host wrote."""
        return self._mirror[: self.used]

    @property
    def buffer(self) -> Any:
        """All that plans read."""
        return self._buffer[: self.used]

    def send(self) -> None:
        """Bring the values over, in the order of all work asked for. Nothing to do on the host."""
        if self.used and self.device.runtime is not None:
            self.device.put(self.buffer, self.bytes)
