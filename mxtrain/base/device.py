"""Devices: where arrays live, and the array module (NumPy or CuPy) that reference kernels are written against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

ALIGNMENT = 64


@dataclass(frozen=True)
class Device:
    """A place for arrays.

    Args:
        name: ``cpu``, ``gpu:0``...
        kernels: kernel sets to try, best first; ``reference`` is always the last.
        threads: threads that fast kernels use.
    """

    name: str = "cpu"
    kernels: tuple[str, ...] = ("onednn", "reference")
    threads: int = 1

    @property
    def xp(self) -> Any:
        """The array module: functions as NumPy names them."""
        return np

    def empty(self, nbytes: int) -> Any:
        """A flat uint8 buffer, aligned to a cache line, contents undefined."""
        raw = np.empty(nbytes + ALIGNMENT, np.uint8)
        start = -raw.ctypes.data % ALIGNMENT
        return raw[start : start + nbytes]

    def zeros(self, nbytes: int) -> Any:
        """A flat uint8 buffer of zeros, aligned to a cache line."""
        raw = np.zeros(nbytes + ALIGNMENT, np.uint8)
        start = -raw.ctypes.data % ALIGNMENT
        return raw[start : start + nbytes]


REFERENCE = Device(kernels=("reference",))


def align(nbytes: int, to: int = ALIGNMENT) -> int:
    """`nbytes` rounded up to a multiple of `to`."""
    return -(-nbytes // to) * to
