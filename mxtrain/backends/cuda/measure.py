"""How long a prepared call takes, and scratch memory cut into pieces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mxtrain.backends.cuda.runtime import cuda_of
from mxtrain.base.device import Device, align
from mxtrain.graph import Call

PIECE = 256
REPEATS = 5


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
