"""Own kernels of depthwise convolution: as many groups as channels, one filter each, square windows.

They are bound by memory; a general convolution is not made for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.types import CHANNELS_LAST
from mxtrain.graph import Call, Recipe
from mxtrain.ops._weights import column_sums, epilogue, slices

VECTORS = {3: 8, 5: 4, 7: 2}
"""Side of a window -> channels at once, as in the device code."""

SOURCE = cuda.source(__file__, {"T": cuda.STORAGE, "SIDE": ("3", "5", "7"), "WIDE": ("0", "1")})
THREADS, BLOCKS, SLOTS = 128, 2048, 4096


def takes(p: cuda.Problem) -> bool:
    """True if the kernels compute the problem."""
    side = p.w.shape[2]
    square = p.w.shape[2:] == (side, side) and side in VECTORS
    even = all(len(set(v)) == 1 for v in (p.stride, p.dilate, p.pad))
    alone = p.groups == p.x.shape[1] == p.y.shape[1]
    last = all(t.layout == CHANNELS_LAST and t.dtype == p.x.dtype for t in (p.x, p.y)) and p.x.dtype in cuda.STORAGE
    return len(p.x.shape) == 4 and square and even and alone and last and 0 < p.x.size < 1 << 40


def _kernel(name: str, p: cuda.Problem) -> tuple[cuda.Kernel, int]:
    """The kernel, and how many groups of channels there are."""
    side, channels = p.w.shape[2], p.x.shape[1]
    wide = channels % VECTORS[side] == 0
    kernel = cuda.Kernel(SOURCE, name, {"T": p.x.dtype, "SIDE": side, "WIDE": wide})
    return kernel, channels // VECTORS[side] if wide else channels


def _numbers(p: cuda.Problem) -> list[int]:
    return [*p.x.shape, *p.y.shape[2:], p.stride[0], p.dilate[0], p.pad[0]]


def _grid(pixels: int, groups: int) -> cuda.Grid:
    """Some pixels per thread, and at least one thread for every group."""
    least, wanted = -(-groups // THREADS), -(-pixels * groups // (4 * THREADS))
    return cuda.Grid(max(least, min(BLOCKS, wanted)), threads=THREADS)


def forward(device: Device, p: cuda.Problem, bias: int | None, addend: int | None, act: str | None) -> Recipe:
    """y = act(convolution + bias + addend) of the inputs data, weight and those at the indices given."""

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        kernel, groups = _kernel("depthwise", p)
        grid = _grid(p.y.size // p.y.shape[1], groups)
        calls = [cuda.launch(device, kernel, grid, [ins[0], ins[1], outs[0], *_numbers(p)])]
        if bias is not None or addend is not None or act is not None:
            added = tuple(None if k is None else ins[k] for k in (bias, addend))
            calls.append(epilogue(device, outs[0], p.y, p.y.shape[1], act, (added[0], added[1])))
        return cuda.together(calls)

    return cuda.recipe(device, "depthwise", prepare)


def backward_data(device: Device, p: cuda.Problem, addend: int | None) -> Recipe:
    """x's gradient of the inputs dy and weight, and what the addend's input holds."""
    channels = p.x.shape[1]

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        kernel, groups = _kernel("depthwise_data", p)
        grid = _grid(p.x.size // channels, groups)
        first = cuda.launch(device, kernel, grid, [ins[0], ins[1], outs[0], *_numbers(p)])
        if addend is None:
            return first
        return cuda.together([first, epilogue(device, outs[0], p.x, channels, None, (None, ins[addend]))])

    return cuda.recipe(device, "depthwise", prepare)


def backward_filter(device: Device, p: cuda.Problem, bias: bool) -> Recipe:
    """The weight's gradient, and with `bias` the bias's, of the inputs x and dy."""
    kernel, groups = _kernel("depthwise_filter", p)
    pixels = p.y.size // p.y.shape[1]
    slots = max(1, min(SLOTS, pixels // 4, BLOCKS * THREADS // groups))
    size = p.w.size
    parts = 4 * p.y.shape[1] * slices(pixels) if bias else 0
    sizes = (4 * slots * size, 4 * size * slices(slots), parts)

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        part, sums, of_bias = cuda.pieces(device, scratch, sizes)
        grid = cuda.blocks(slots * groups, threads=THREADS)
        calls = [cuda.launch(device, kernel, grid, [ins[0], ins[1], part, *_numbers(p), slots])]
        numbers = part.view("float32")
        calls += column_sums(device, numbers, "float32", outs[0], sums)
        if bias:
            calls += column_sums(device, ins[1], p.y.dtype, outs[1], of_bias)
        return cuda.together(calls)

    return cuda.recipe(device, "depthwise", prepare, scratch=cuda.total(sizes))
