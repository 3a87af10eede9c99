"""Layer normalisation over rows on a GPU. The device code is layer_norm.cu."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.graph import Call, Node, Recipe
from mxtrain.ops._softmax_cuda import WARP_WIDTH, rows_of

SOURCE = cuda.source(str(Path(__file__).with_name("layer_norm.py")), {"T": cuda.STORAGE, "THREADS": ("32", "256")})
BLOCKS, ROWS = 512, 64
"""Blocks aimed at, and rows of a chunk at least: constants, so that results do not depend on the GPU."""


def kernel(name: str, dtype: str, width: int) -> cuda.Kernel:
    """One of the kernels for rows of this width."""
    return cuda.Kernel(SOURCE, name, {"T": dtype, "THREADS": 32 if width <= WARP_WIDTH else 256})


def grid(rows: int, width: int) -> cuda.Grid:
    """A warp or a block per row."""
    return cuda.Grid(-(-rows // (8 if width <= WARP_WIDTH else 1)))


def forward(node: Node, device: Device, axis: int, eps: float) -> Recipe | None:
    """The kernel of the forward; None if the axis is not the last in memory."""
    t = node.types[0]
    found = rows_of(t, (axis,))
    if found is None or node.inputs[0].type != t or any(x.dtype != "float32" for x in node.types[1:]):
        return None
    rows, width = found

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        made = kernel("normalise", t.dtype, width)
        return cuda.launch(device, made, grid(rows, width), [*ins, *outs, rows, width, eps])

    return cuda.recipe(device, "layer_norm", prepare, inplace=((0, 0),))


def backward(node: Node, device: Device, axis: int, eps: float) -> Recipe | None:
    """The kernels of the backward; None if the axis is not the last in memory."""
    t = node.inputs[1].type
    found = rows_of(t, (axis,))
    wide = (*node.types[1:], *(e.type for e in node.inputs[2:]))
    if found is None or node.inputs[0].type != t or node.types[0] != t or any(x.dtype != "float32" for x in wide):
        return None
    rows, width = found
    across = -(-width // 32)
    chunks = max(1, min(BLOCKS // across, rows // ROWS))

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        dy, x, gamma, mean, var = ins
        dx, dgamma, dbeta = outs
        first, second, third = (kernel(n, t.dtype, width) for n in ("sums", "add_chunks", "backward"))
        args = [dy, x, mean, var, scratch, rows, width, -(-rows // chunks), eps]
        # The gradient of the data comes last: it may be written over dy.
        return cuda.together([
            cuda.launch(device, first, cuda.Grid(across, chunks), args),
            cuda.launch(device, second, cuda.blocks(width), [scratch, dgamma, dbeta, width, chunks]),
            cuda.launch(device, third, grid(rows, width), [dy, x, gamma, mean, var, dx, rows, width, eps]),
        ])  # fmt: skip

    return cuda.recipe(device, "layer_norm", prepare, scratch=8 * chunks * width, inplace=((0, 0), (1, 0)))
