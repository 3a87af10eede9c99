"""Batch normalisation on a GPU: own kernels where channels lie side by side. The device code is batch_norm.cu.

The workspace is a mask of one bit per element: where the absorbed activation let it through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mxtrain.backends import cuda
from mxtrain.base.device import Device, align
from mxtrain.base.types import Layout, TensorType
from mxtrain.graph import Call, Node, Recipe

SOURCE = cuda.source(
    str(Path(__file__).with_name("batch_norm.py")),
    {"T": cuda.STORAGE, "V": ("8", "1"), "X": ("8",), "RELU": ("1", "0")},
)
BLOCKS, ROWS = 1024, 16
"""Blocks aimed at, and rows that a thread has at least: constants, so that results do not depend on the GPU."""

BITS = "bits"


class Shape(NamedTuple):
    """How a matrix of rows and channels is cut.

    Args:
        vector: channels per thread.
        across: threads across the channels.
        chunks: pieces of the rows.
    """

    rows: int
    channels: int
    vector: int
    across: int
    chunks: int

    @property
    def wide(self) -> int:
        """Blocks across the channels."""
        return -(-self.channels // (self.vector * self.across))

    @property
    def chunk(self) -> int:
        """Rows of a piece."""
        return -(-self.rows // self.chunks)

    @property
    def partial(self) -> int:
        """Bytes of the sums of all pieces."""
        return align(8 * self.chunks * self.channels)

    @property
    def grid(self) -> cuda.Grid:
        """Blocks over pieces and channels."""
        return cuda.Grid(self.wide, self.chunks)

    @property
    def by_channel(self) -> cuda.Grid:
        """Blocks of 32 channels by 32 rows."""
        return cuda.Grid(-(-self.channels // 32), threads=1024)

    def kernel(self, name: str, dtype: str, relu: bool) -> cuda.Kernel:
        """One of the kernels for this shape."""
        return cuda.Kernel(SOURCE, name, {"T": dtype, "V": self.vector, "X": self.across, "RELU": relu})


def shape_of(t: TensorType, axis: int) -> Shape | None:
    """The matrix that a tensor is; None if channels do not lie side by side, or the kernels lack its dtype."""
    side = axis == 1 and (t.layout.name == "channels_last" or len(t.shape) == 2) or (
        axis == len(t.shape) - 1 and t.layout.name == "plain")  # fmt: skip
    if not side or t.dtype not in cuda.STORAGE or not t.size:
        return None
    channels = t.shape[axis]
    rows = t.size // channels
    vector = 8 if channels % 8 == 0 else 1
    across = 1
    while across < 32 and across * vector < channels:
        across *= 2
    wide = -(-channels // (vector * across))
    chunks = max(1, min(BLOCKS // wide, rows // (ROWS * (256 // across))))
    return Shape(rows, channels, vector, across, chunks)


class Facts(NamedTuple):
    """What the declaration says of a node.

    Args:
        axis: of the channels, counted from the front.
        stored: statistics are given.
        fixed: gamma is 1.
        relu: an activation has been absorbed.
    """

    axis: int
    eps: float
    stored: bool
    fixed: bool
    relu: bool


def forward(node: Node, device: Device, f: Facts) -> Recipe | None:
    """The kernels of the forward; None if the shape has none."""
    t = node.types[0]
    s = shape_of(t, f.axis)
    if s is None or node.inputs[0].type != t or any(x.dtype != "float32" for x in node.types[1:3]):
        return None
    masked = f.relu and node.reads(3)

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        x, gamma, beta, moving_mean, moving_var = ins[:5]
        addend = ins[5] if len(ins) > 5 else None
        y, mean, var, mask = outs
        gamma = None if f.fixed else gamma
        partial, scale = scratch, scratch[s.partial :]
        sizes = [s.rows, s.channels]
        if f.stored:
            args = [moving_mean, moving_var, gamma, mean, var, scale, s.channels, f.eps]
            calls = [cuda.launch(device, s.kernel("given", t.dtype, f.relu), cuda.blocks(s.channels), args)]
        else:
            args = [x, partial, gamma, mean, var, scale, *sizes, s.chunks, f.eps]
            calls = [
                cuda.launch(device, s.kernel("sums", t.dtype, f.relu), s.grid, [x, partial, *sizes, s.chunk]),
                cuda.launch(device, s.kernel("statistics", t.dtype, f.relu), s.by_channel, args),
            ]
        args = [x, mean, scale, beta, addend, y, mask if masked else None, *sizes, s.chunk]
        calls.append(cuda.launch(device, s.kernel("normalise", t.dtype, f.relu), s.grid, args))
        return cuda.together(calls)

    # Every element is read before the one in its place is written.
    pairs = ((0, 0), (5, 0)) if len(node.inputs) > 5 else ((0, 0),)
    gives: Mapping[int, Layout] = {3: Layout("workspace", BITS, t.size // s.vector if masked else 0)}
    return cuda.recipe(
        device, "batch_norm", prepare, scratch=s.partial + align(4 * s.channels), gives=gives, inplace=pairs
    )


def backward(node: Node, device: Device, f: Facts) -> Recipe | None:
    """The kernels of the backward; None if the shape has none, or the forward's mask is not ours."""
    t = node.inputs[1].type
    s = shape_of(t, f.axis)
    if (
        s is None
        or node.inputs[0].type != t
        or node.types[0] != t
        or any(x.dtype != "float32" for x in node.types[1:3])
    ):
        return None
    if f.relu and node.inputs[5].type.layout.key != BITS:
        return None

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        dy, x, gamma, mean, var, mask = ins
        dx, dgamma, dbeta = outs[:3]
        daddend = outs[3] if len(outs) > 3 else None
        gamma, mask = None if f.fixed else gamma, mask if f.relu else None
        partial, numbers = scratch, scratch[s.partial :]
        sizes = [s.rows, s.channels]
        names = ("backward_sums", "backward_numbers", "backward")
        first, second, third = (s.kernel(name, t.dtype, f.relu) for name in names)
        made = [partial, gamma, var, dgamma, dbeta, numbers, *sizes, s.chunks, 0 if f.stored else 1, f.eps]
        return cuda.together([
            cuda.launch(device, first, s.grid, [dy, x, mean, mask, partial, *sizes, s.chunk]),
            cuda.launch(device, second, s.by_channel, made),
            cuda.launch(device, third, s.grid, [dy, x, mean, mask, numbers, dx, daddend, *sizes, s.chunk]),
        ])  # fmt: skip

    return cuda.recipe(
        device,
        "batch_norm",
        prepare,
        scratch=s.partial + align(12 * s.channels),
        inplace=((0, 0), (1, 0), (0, 3))[: len(node.types) - 1],
    )
