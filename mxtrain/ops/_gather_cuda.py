"""Sums into rows on a GPU, for the gradient of what takes rows. The device code is _gather.cu."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mxtrain.backends import cuda
from mxtrain.base.device import Device, align
from mxtrain.graph import Call, Node, Recipe

INDICES = ("float32", "int32", "int64", "bfloat16", "float16", "uint8")
SOURCE = cuda.source(
    str(Path(__file__).with_name("_gather.py")), {"T": cuda.STORAGE, "I": INDICES[:3], "WRAP": ("0", "1")}
)
MOST = 1 << 20
"""Positions at most: every one looks for the next with its index."""


def rows_gradient(node: Node, device: Device, mode: str) -> Recipe | None:
    """The gradient towards rows, from dy (S, D...) and the indices (S); None for a mode that asks for errors."""
    out, dy, index = node.types[0], node.inputs[0].type, node.inputs[1].type
    count, size = index.size, out.shape[0] if out.shape else 0
    width = math.prod(out.shape[1:])
    plain = all(t.layout.name == "plain" for t in (out, dy, index))
    if mode not in ("clip", "wrap") or not plain or dy.dtype != out.dtype or out.dtype not in cuda.STORAGE:
        return None
    if index.dtype not in INDICES or not 0 < count <= MOST or not width or size >= 1 << 31:
        return None
    part = align(4 * count)

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        lists = [scratch[k * part :] for k in range(3)]
        macros = {"T": out.dtype, "I": index.dtype, "WRAP": str(int(mode == "wrap"))}
        first, second, third, fourth = (
            cuda.Kernel(SOURCE, name, macros) for name in ("positions", "link", "zero", "add_rows")
        )
        grid = cuda.Grid(count, min(-(-width // 256), 64))
        return cuda.together([
            cuda.launch(device, first, cuda.blocks(count), [ins[1], *lists, count, size]),
            cuda.launch(device, second, cuda.blocks(count), [*lists, count]),
            cuda.launch(device, third, cuda.blocks(out.size, most=4096), [outs[0], out.size]),
            cuda.launch(device, fourth, grid, [ins[0], *lists, outs[0], width]),
        ])  # fmt: skip

    return cuda.recipe(device, "rows", prepare, scratch=3 * part)
