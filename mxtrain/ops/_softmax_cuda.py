"""Softmax over rows on a GPU. The device code is _softmax.cu."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.types import TensorType
from mxtrain.graph import Call, Node, Recipe

SOURCE = cuda.source(
    str(Path(__file__).with_name("_softmax.py")), {"T": cuda.STORAGE, "LOG": ("0", "1"), "THREADS": ("32", "256")}
)
WARP_WIDTH = 1024
"""Elements of a row up to which one warp has it to itself."""


def rows_of(t: TensorType, axes: Sequence[int]) -> tuple[int, int] | None:
    """(rows, elements of each), if the axes are the last in memory, and the kernels have the dtype."""
    if t.dtype not in cuda.STORAGE or not t.size:
        return None
    last = (1,) if t.layout.name == "channels_last" else tuple(range(len(t.shape) - len(axes), len(t.shape)))
    if tuple(axes) != last or t.layout.name not in ("plain", "channels_last"):
        return None
    width = math.prod(t.shape[a] for a in axes)
    return t.size // width, width


def rows_recipe(
    node: Node, device: Device, name: str, rows: tuple[int, int], scale: float, log: bool = False
) -> Recipe:
    """The recipe of one of the kernels.

    Args:
        rows: number and width.
    """
    threads = 32 if rows[1] <= WARP_WIDTH else 256
    kernel = cuda.Kernel(SOURCE, name, {"T": node.types[0].dtype, "LOG": log, "THREADS": threads})

    read = 2 if name == "softmax_backward" else 1

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        grid = cuda.Grid(-(-rows[0] // (256 // threads)))
        return cuda.launch(device, kernel, grid, [*ins[:read], outs[0], *rows, float(scale)])

    return cuda.recipe(device, "softmax", prepare, inplace=tuple((i, 0) for i in range(read)))


def forward(node: Node, device: Device, axes: Sequence[int], scale: float = 1.0, log: bool = False) -> Recipe | None:
    """Softmax of input 0 over `axes`; None if they are not rows."""
    t = node.types[0]
    rows = rows_of(t, axes) if node.inputs[0].type == t else None
    return rows and rows_recipe(node, device, "softmax", rows, scale, log)


def backward(node: Node, device: Device, axes: Sequence[int], scale: float = 1.0, log: bool = False) -> Recipe | None:
    """Its gradient, from dy and y."""
    t = node.types[0]
    rows = rows_of(t, axes) if all(e.type == t for e in node.inputs) else None
    return rows and rows_recipe(node, device, "softmax_backward", rows, scale, log)
