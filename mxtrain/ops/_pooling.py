"""CUDA kernels of pooling, for images that lie channels-last."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.types import CHANNELS_LAST, Layout, TensorType
from mxtrain.graph import Call, Recipe

MODES = {"max": 0, "avg_include": 1, "avg_exclude": 2, "sum": 3}
SOURCE = cuda.source(
    __file__, {"T": cuda.STORAGE, "VECTOR": ("1", "8"), "MODE": ("0", "1", "2", "3"), "LARGE": ("0", "1")}
)
BUSY = 1 << 17
"""Threads below which each takes one channel, so that there are enough of them."""

WHERE = "cuda:where"


def numbers(
    x: TensorType, y: TensorType, kernel: Sequence[int], stride: Sequence[int], pad: Sequence[int]
) -> list[int]:
    """What the kernels take after the arrays; axes that are not there come first, of size 1."""
    more = 3 - len(kernel)
    one, zero = (1,) * more, (0,) * more
    axes = zip((*one, *x.shape[2:]), (*one, *y.shape[2:]), (*one, *kernel), (*one, *stride), (*zero, *pad), strict=True)
    return [*x.shape[:2], *(v for axis in axes for v in axis)]


def _usable(*types: TensorType) -> bool:
    return all(t.dtype in cuda.STORAGE and t.layout == CHANNELS_LAST and 0 < t.size < 1 << 40 for t in types)


def _large(sizes: Sequence[int]) -> bool:
    """Whether numbers of elements need 64 bits, or places in a window more than 8."""
    elements = sizes[0] * sizes[1] * max(math.prod(sizes[2::5]), math.prod(sizes[3::5]))
    return elements >= 1 << 30 or math.prod(sizes[4::5]) > 256


def _kernel(name: str, t: TensorType, mode: str, sizes: Sequence[int]) -> tuple[cuda.Kernel, cuda.Grid]:
    vector = 8 if t.shape[1] % 8 == 0 and t.size // 8 >= BUSY else 1
    macros: dict[str, str | int] = {"T": t.dtype, "VECTOR": vector, "MODE": MODES[mode], "LARGE": _large(sizes)}
    return cuda.Kernel(SOURCE, name, macros), cuda.blocks(t.size, vector, most=1 << 20)


def forward(device: Device, mode: str, x: TensorType, y: TensorType, sizes: list[int], training: bool) -> Recipe | None:
    """y, and with `training` and a maximum a workspace with its place in each window."""
    if not _usable(x, y):
        return None
    where = training and mode == "max"

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        kernel, grid = _kernel("pool", y, mode, sizes)
        return cuda.launch(device, kernel, grid, [ins[0], outs[0], outs[1] if where else None, *sizes])

    gives = {1: Layout("workspace", WHERE, (4 if _large(sizes) else 1) * y.size if where else 0)}
    return cuda.recipe(device, "pooling", prepare, gives=gives)


def backward(device: Device, mode: str, dx: TensorType, dy: TensorType, sizes: list[int]) -> Recipe | None:
    """dx from the inputs dy and, for a maximum, the workspace."""
    if not _usable(dx, dy):
        return None

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        kernel, grid = _kernel("pool_backward", dx, mode, sizes)
        return cuda.launch(device, kernel, grid, [ins[0], ins[1] if mode == "max" else None, outs[0], *sizes])

    return cuda.recipe(device, "pooling", prepare)
