"""CUDA code around a library's product or convolution: bias and activation, and gradients of weights and bias.

Arrays are matrices (rows, channels): what lies channels-last in memory is one.
"""

from __future__ import annotations

from typing import Any

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.types import CHANNELS_LAST, Layout, TensorType
from mxtrain.graph import Call

ACTS = {
    None: 0, "relu": 1, "sigmoid": 2, "tanh": 3, "gelu": 4, "silu": 5, "hard_sigmoid": 6, "hard_swish": 7, "relu6": 8,
}  # fmt: skip
SOURCE = cuda.source(__file__, {"T": cuda.STORAGE, "VECTOR": ("1", "8"), "ACT": tuple(map(str, ACTS.values()))})
SLICES, ROWS, THREADS = 128, 64, 128


def _kernel(name: str, dtype: str, n: int = 1, act: str | None = None) -> cuda.Kernel:
    return cuda.Kernel(SOURCE, name, {"T": dtype, "VECTOR": n, "ACT": ACTS[act]})


def narrowed(device: Device, bias: Any, target: Any, dtype: str) -> Call:
    """A float32 vector rounded to a narrow type."""
    return cuda.launch(device, _kernel("narrow", dtype), cuda.blocks(bias.size), [bias, target, bias.size])


def epilogue(
    device: Device, y: Any, t: TensorType, channels: int, act: str | None, added: tuple[Any, Any] = (None, None)
) -> Call:
    """y = act(y + bias + addend), in place.

    Args:
        added: bias and addend, each may be None.
    """
    n = 8 if channels % 8 == 0 else 1
    rows = t.size // channels
    grid = cuda.blocks(t.size, n, most=1 << 16)
    return cuda.launch(device, _kernel("epilogue", t.dtype, n, act), grid, [y, *added, rows, channels])


def plain_already(w: TensorType) -> bool:
    """True if filters (K, C, S...) lie the same way channels-last as plain."""
    return w.shape[1] == 1 or all(s == 1 for s in w.shape[2:])


def wanted(index: int, w: TensorType) -> dict[int, Layout]:
    """What a kernel asks for that reads filters channels-last."""
    return {} if plain_already(w) else {index: CHANNELS_LAST}


def plain_filters(device: Device, source: Any, target: Any, w: TensorType, apart: int = 0) -> Call:
    """Filters channels-last to plain float32 ones, (K, C, S...).

    Args:
        apart: numbers from one filter to the next in `source`; 0: they lie side by side.
    """
    count, channels = w.shape[:2]
    window = w.size // (count * channels)
    args = [source, target, count, channels, window, apart or channels * window]
    return cuda.launch(device, _kernel("plain_filters", w.dtype), cuda.blocks(w.size, most=1 << 16), args)


def slices(rows: int) -> int:
    """Into how many parts the rows of a sum are cut."""
    return max(1, min(SLICES, rows // ROWS))


def column_sums(device: Device, x: Any, dtype: str, y: Any, part: Any) -> list[Call]:
    """y (channels,) float32: the sums of x (rows, channels) over its rows, in a fixed order.

    Args:
        x: an array of any shape whose memory is the matrix.
        part: scratch of ``slices(rows)`` times channels float32.
    """
    channels = y.size
    rows = x.size // channels
    parts = slices(rows)
    across = cuda.blocks(channels, threads=THREADS)
    first = cuda.launch(device, _kernel("partial_sums", dtype), across._replace(y=parts), [x, part, rows, channels])
    return [first, cuda.launch(device, _kernel("whole_sums", dtype), across, [part, y, parts, channels])]
