"""How long a prepared call takes and on what it is timed, and scratch memory cut into pieces."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.backends.cuda.runtime import cuda_of
from mxtrain.base.bfloat16 import narrow
from mxtrain.base.device import Device, align
from mxtrain.base.errors import EnvironmentFault
from mxtrain.graph import Call

PIECE = 256
REPEATS = 5
BLOCK = 1 << 15
"""Numbers that are drawn; longer arrays repeat them."""


def milliseconds(device: Device, call: Call) -> float:
    """The time of a call on the device's stream, after one that is not counted; infinite if it reports a failure."""
    cuda, (function, args) = cuda_of(device), call
    if function(*args):
        return math.inf
    begin, end = cuda.new_event(), cuda.new_event()
    begin.record()
    failed = sum(bool(function(*args)) for _ in range(REPEATS))
    end.record()
    end.synchronize()
    return math.inf if failed else float(end.since(begin)) / REPEATS


class Stopwatch:
    """Times calls of one problem on buffers of its own, made when first asked.

    Args:
        make: makes the buffers that a call takes.
    """

    def __init__(self, device: Device, make: Callable[[], list[Any]]) -> None:
        self.device, self.make = device, make
        self.buffers: list[Any] | None = None

    def of(self, call: Callable[..., Call]) -> float:
        """Milliseconds of ``call(*addresses of the buffers)``; infinite if it does not run; 0 where there is no room
        to measure, all being equal."""
        try:
            if self.buffers is None:
                self.buffers = self.make()
        except EnvironmentFault:
            return 0.0
        return milliseconds(self.device, call(*map(self.device.address, self.buffers)))


def numbers(device: Device, dtype: str, nbytes: int) -> Any:
    """A flat uint8 buffer of standard normal numbers of a type of floats; of zeros, of another type.

    Zeros would not do: what adds into one place by compare-and-swap has to try again when another thread has changed
    it, and zeros change nothing, so it would look faster than it is.
    """
    block = _block(dtype)
    if block is None:
        return device.zeros(nbytes)
    buffer = device.empty(nbytes)
    whole = nbytes - nbytes % block.nbytes
    if whole:
        device.put(buffer[:whole].view("uint64").reshape(-1, block.size), block)
    if nbytes > whole:
        device.put(buffer[whole:], block.view(np.uint8)[: nbytes - whole])
    return buffer


@cache
def _block(dtype: str) -> NDArray[np.uint64] | None:
    drawn = np.random.default_rng(0).standard_normal(BLOCK, np.float32)
    if dtype == "bfloat16":
        return np.ascontiguousarray(narrow(drawn)).view(np.uint64)
    return drawn.astype(dtype).view(np.uint64) if dtype in ("float16", "float32", "float64") else None


def total(sizes: Sequence[int]) -> int:
    """Bytes of scratch that hold pieces of these sizes wherever it begins."""
    return sum(align(s, PIECE) for s in sizes) + (PIECE if any(sizes) else 0)


def pieces(device: Device, scratch: Any, sizes: Sequence[int]) -> list[Any]:
    """The pieces of a scratch buffer; empty ones are None. Each lies where the libraries want workspaces to lie, at a
    multiple of 256 bytes: cuBLASLt refuses others for products that it splits."""
    found, top = [], -device.address(scratch) % PIECE if any(sizes) else 0
    for size in sizes:
        found.append(scratch[top : top + size] if size else None)
        top += align(size, PIECE)
    return found
