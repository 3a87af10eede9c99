"""3 x 3 convolutions of many channels with a quarter of the multiplications: Winograd's F(4 x 4, 3 x 3).

Each 6 x 6 tile of the data and each filter are transformed; 36 matrix products of (tiles, channels) and (channels,
filters) take the place of the convolution; their results are transformed back to 4 x 4 outputs. All transforms are
products with constant matrices too: first along the rows, then along the columns of a row of tiles.

Source: Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mxtrain.backends import onednn
from mxtrain.backends.onednn import Piece, Products
from mxtrain.base.types import Layout
from mxtrain.graph import Call, Node, Recipe

POINTS, OUT = 6, 4  # of a tile of the data, and of the outputs it gives, along each axis
BT = ((4, 0, -5, 0, 1, 0), (0, -4, -4, 1, 1, 0), (0, 4, -4, -1, 1, 0), (0, -2, -1, 2, 1, 0), (0, 2, -1, -2, 1, 0),
      (0, 4, 0, -5, 0, 1))  # fmt: skip
G = ((1 / 4, 0, 0), (-1 / 6, -1 / 6, -1 / 6), (-1 / 6, 1 / 6, -1 / 6), (1 / 24, 1 / 12, 1 / 6),
     (1 / 24, -1 / 12, 1 / 6), (0, 0, 1))  # fmt: skip
AT = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))
ONES = POINTS + 1  # of the 36 products, the one to which a constant adds the same to all outputs
CACHE = 8 << 20  # bytes of transformed tiles between their making and their use
SUM = (("sum", 1.0),)


class Shape(NamedTuple):
    """A convolution, channels last: data (N, H, W, C) -> outputs (N, O, P, F), `pad` zeros on each side."""

    n: int
    data: tuple[int, int]
    out: tuple[int, int]
    pad: tuple[int, int]
    channels: int
    filters: int

    @property
    def tiles(self) -> tuple[int, int]:
        """Rows of tiles in an image, and tiles in a row."""
        return -(-self.out[0] // OUT), -(-self.out[1] // OUT)

    @property
    def rows(self) -> list[tuple[int, int]]:
        """(image, row of tiles) of the batch, in order."""
        return [(b, i) for b in range(self.n) for i in range(self.tiles[0])]

    @property
    def chunk(self) -> int:
        """Rows of tiles that are transformed before they are multiplied: as many as the cache holds.

        Filters that no cache holds are read once per chunk, so that a chunk must be worth it.
        """
        wide = self.tiles[1]
        fit = CACHE // (4 * POINTS**2 * wide * (self.channels + self.filters))
        if 4 * POINTS**2 * self.channels * self.filters > CACHE:
            fit = max(fit, -(-128 // wide))
        return max(1, min(fit, len(self.rows)))


def worth(s: Shape) -> bool:
    """True if the products saved outweigh the transforms: a rule, so that it is the same on every machine.

    In units of a multiplication of the direct convolution: measured with oneDNN 3.2 on two AVX-512 cores, a product
    costs 1.1, a transformed value of the data 110, and one of the outputs 70.
    """
    outputs = s.n * s.out[0] * s.out[1]
    tiles = len(s.rows) * s.tiles[1]
    direct = 9 * outputs * s.channels * s.filters
    fast = POINTS**2 * tiles * (1.1 * s.channels * s.filters + 110 * s.channels + 70 * s.filters)
    return min(s.channels, s.filters) >= 32 and fast < 0.85 * direct


@cache
def constants() -> tuple[NDArray[np.float32], dict[str, int]]:
    """All constant matrices in one flat array, and the offset of each in elements."""
    bt, g, at = (np.array(m, np.float64) for m in (BT, G, AT))
    matrices = {"bt": bt, "at": at, "a": at.T, "filters": np.kron(g, g), "rotated": np.kron(g[:, ::-1], g[:, ::-1])}
    flat = [m.astype(np.float32).ravel() for m in matrices.values()]
    starts = np.cumsum([0, *(len(m) for m in flat)])
    return np.concatenate(flat), dict(zip(matrices, map(int, starts), strict=False))


def constant(name: str, shape: tuple[int, ...], steps: tuple[int, ...], offset: int = 0) -> Piece:
    """A piece of a constant matrix."""
    return Piece("constants", constants()[1][name] + offset, shape, steps)


def into_tiles(p: Products, s: Shape, at: int, row: tuple[int, int], chunk: int) -> None:
    """Transform row `at` of the chunk's rows of tiles: data -> rows -> tiles (36, chunk T, C)."""
    (height, width), wide, c = s.data, s.tiles[1], s.channels
    line, first = (OUT * wide + 2) * c, OUT * row[1] - s.pad[0]
    top, bottom = max(first, 0), min(first + POINTS, height)
    p.multiply(
        constant("bt", (POINTS, bottom - top), (POINTS, 1), top - first),
        Piece("data", (row[0] * height + top) * width * c, (bottom - top, width * c), (width * c, 1)),
        Piece("rows", s.pad[1] * c, (POINTS, width * c), (line, 1)),
    )
    count = chunk * wide
    to = Piece("tiles", at * wide * c, (POINTS, wide, POINTS, c), (POINTS * count * c, c, count * c, 1))
    # Tiles overlap, and the library refuses a tensor that overlaps itself: four columns, then the other two.
    for start, columns, post in ((0, 4, ()), (4, 2, SUM)):
        p.multiply(
            constant("bt", (1, 1, POINTS, columns), (36, 36, POINTS, 1), start),
            Piece("rows", start * c, (POINTS, wide, columns, c), (line, 4 * c, c, 1)),
            to, post,
        )  # fmt: skip


def zero(buffer: str, shape: tuple[int, int, int], left: int, right: int) -> Any:
    """A call that zeroes the first `left` columns of (6, columns, channels), and those from `right` on."""

    def make(buffers: Mapping[str, Any]) -> Call:
        a = buffers[buffer][: shape[0] * shape[1] * shape[2]].reshape(shape)
        return _zero, (a[:, :left], a[:, right:])

    return make


def _zero(left: Any, right: Any) -> None:
    left[...] = 0
    right[...] = 0


def convolve(s: Shape, *, transposed: bool, bias: bool, add: bool, post: Sequence[tuple[Any, ...]]) -> Products:
    """The products of a convolution of `data` with transformed `filters` into `out`.

    Args:
        transposed: the filters lie as (36, F, C), not as (36, C, F).
        bias: add `bias` (F).
        add: add `addend`, a tensor as the output.
        post: post-ops after that.
    """
    p = Products()
    wide, c, f, width = s.tiles[1], s.channels, s.filters, s.out[1]
    p.call(zero("rows", (POINTS, OUT * wide + 2, c), s.pad[1], s.pad[1] + s.data[1]))
    for start in range(0, len(s.rows), s.chunk):
        chunk = s.rows[start : start + s.chunk]
        count = len(chunk) * wide
        for at, row in enumerate(chunk):
            into_tiles(p, s, at, row, len(chunk))
        filters = (1, c) if transposed else (f, 1)
        p.multiply(
            Piece("tiles", 0, (36, count, c), (count * c, c, 1)),
            Piece("filters", 0, (36, c, f), (c * f, *filters)),
            Piece("products", 0, (36, count, f), (count * f, f, 1)),
        )
        if bias:
            p.call(add_bias(ONES * count * f, count, f))
        for at, (b, i) in enumerate(chunk):
            p.multiply(
                constant("at", (1, 1, OUT, POINTS), (24, 24, POINTS, 1)),
                Piece("products", at * wide * f, (POINTS, wide, POINTS, f), (POINTS * count * f, f, count * f, 1)),
                Piece("lines", 0, (POINTS, wide, OUT, f), (OUT * wide * f, OUT * f, f, 1)),
            )
            high = min(OUT, s.out[0] - OUT * i)
            to = Piece("out", (b * s.out[0] + OUT * i) * width * f, (high, width * f), (width * f, 1))
            p.multiply(
                constant("at", (high, POINTS), (POINTS, 1)),
                Piece("lines", 0, (POINTS, width * f), (OUT * wide * f, 1)),
                to, post, to._replace(buffer="addend") if add else None,
            )  # fmt: skip
    return p


def add_bias(offset: int, count: int, filters: int) -> Any:
    """A call that adds the bias to one of the 36 products, from which all outputs take it."""

    def make(buffers: Mapping[str, Any]) -> Call:
        target = buffers["products"][offset : offset + count * filters].reshape(count, filters)
        return _add, (target, buffers["bias"])

    return make


def _add(target: Any, bias: Any) -> None:
    np.add(target, bias, out=target)


def sum_bias(offset: int, count: int, filters: int, first: bool) -> Any:
    """A call that adds to the bias's gradient: one of the 36 transformed values of a tile is the sum of its outputs."""

    def make(buffers: Mapping[str, Any]) -> Call:
        source = buffers["products"][offset : offset + count * filters].reshape(count, filters)
        return (_sum if first else _add_sum), (source, buffers["dbias"])

    return make


def _sum(source: Any, target: Any) -> None:
    np.add.reduce(source, axis=0, out=target)


def _add_sum(source: Any, target: Any) -> None:
    target += np.add.reduce(source, axis=0)


def weights_gradient(s: Shape, *, bias: bool) -> Products:
    """The products of the gradient towards the filters, `dweight` (F, C, 3, 3), from `data` and `dy`; and `dbias`."""
    p = Products()
    wide, c, f, (high, width) = s.tiles[1], s.channels, s.filters, s.out
    p.call(zero("rows", (POINTS, OUT * wide + 2, c), s.pad[1], s.pad[1] + s.data[1]))
    p.call(zero("lines", (POINTS, OUT * wide, f), 0, width))
    for start in range(0, len(s.rows), s.chunk):
        chunk = s.rows[start : start + s.chunk]
        count = len(chunk) * wide
        for at, (b, i) in enumerate(chunk):
            into_tiles(p, s, at, (b, i), len(chunk))
            rows = min(OUT, high - OUT * i)
            p.multiply(
                constant("a", (POINTS, rows), (OUT, 1)),
                Piece("dy", (b * high + OUT * i) * width * f, (rows, width * f), (width * f, 1)),
                Piece("lines", 0, (POINTS, width * f), (OUT * wide * f, 1)),
            )
            p.multiply(
                constant("a", (1, 1, POINTS, OUT), (24, 24, OUT, 1)),
                Piece("lines", 0, (POINTS, wide, OUT, f), (OUT * wide * f, OUT * f, f, 1)),
                Piece("products", at * wide * f, (POINTS, wide, POINTS, f), (POINTS * count * f, f, count * f, 1)),
            )
        if bias:
            p.call(sum_bias(ONES * count * f, count, f, start == 0))
        p.multiply(
            Piece("products", 0, (36, f, count), (count * f, 1, f)),
            Piece("tiles", 0, (36, count, c), (count * c, c, 1)),
            Piece("filters", 0, (36, f, c), (f * c, c, 1)),
            SUM if start else (),
        )
    p.multiply(
        Piece("filters", 0, (f * c, 36), (1, f * c)),
        constant("filters", (36, 9), (9, 1)),
        Piece("dweight", 0, (f * c, 9), (9, 1)),
    )
    return p


@dataclass(frozen=True)
class Filters:
    """The layout of transformed filters: (36, F, C)."""

    rotated: bool

    def recipe(self, node: Node) -> Recipe | None:
        """How a reorder transforms plain filters (F, C, 3, 3)."""
        size = node.inputs[0].type.size // 9
        p = Products()
        p.multiply(
            constant("rotated" if self.rotated else "filters", (36, 9), (9, 1)),
            Piece("weight", 0, (9, size), (1, 9)),
            Piece("filters", 0, (36, size), (size, 1)),
        )
        return made(p, {"weight": ("in", 0), "filters": ("out", 0)}, {})


def filters_layout(s: Shape, *, rotated: bool) -> Layout:
    """The layout in which `convolve` wants its filters."""
    return Layout("winograd", Filters(rotated), 4 * POINTS**2 * s.channels * s.filters)


def buffers(s: Shape, *, filters: bool = False) -> dict[str, int]:
    """Elements of each buffer that lives during a call; `filters`: the transformed ones too."""
    wide = s.tiles[1]
    count = POINTS**2 * s.chunk * wide
    sizes = {
        "rows": POINTS * (OUT * wide + 2) * s.channels,
        "lines": POINTS * OUT * wide * s.filters,
        "tiles": count * s.channels,
        "products": count * s.filters,
    }
    return sizes | ({"filters": POINTS**2 * s.channels * s.filters} if filters else {})


def made(
    p: Products,
    arrays: Mapping[str, tuple[str, int]],
    sizes: Mapping[str, int],
    takes: Mapping[int, Layout] | None = None,
) -> Recipe | None:
    """The recipe of some products; None if the library refused one.

    Args:
        arrays: buffer -> ("in" or "out", index).
        sizes: elements of the buffers in scratch.
    """
    if p.failed:
        return None
    order = [*sizes.items(), (onednn.SCRATCHPAD, -(-p.scratchpad // 4))]
    steps = [-(-n // 16) * 16 for _, n in order]

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        found: dict[str, Any] = {"constants": constants()[0]}
        start = 0
        for (buffer, n), step in zip(order, steps, strict=True):
            if n:
                found[buffer] = scratch[4 * start : 4 * (start + n)].view(np.float32)
            start += step
        for buffer, (side, index) in arrays.items():
            found[buffer] = flat((ins if side == "in" else outs)[index])
        return p.bind(found)

    return Recipe(prepare, "onednn:winograd", scratch=4 * sum(steps), takes=takes or {})


def flat(a: Any) -> Any:
    """A dense array as the flat float32 array of its bytes' order."""
    if a.ndim == 4 and a.strides[1] == a.itemsize and a.shape[1] > 1:
        a = a.transpose(0, 2, 3, 1)
    return a.reshape(-1).view(np.float32)
