"""3 x 3 convolutions of many channels with a quarter of the multiplications: Winograd's F(4 x 4, 3 x 3).

Each 6 x 6 tile of the data and each filter are transformed; 36 matrix products of (tiles, channels) and (channels,
filters) take the place of the convolution; their results are transformed back to 4 x 4 outputs. All transforms are
products with constant matrices too: first along the rows, then along the columns of a row of tiles.

Source: Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mxtrain.backends.onednn import Piece, Products
from mxtrain.graph import Call

POINTS, OUT = 6, 4  # of a tile of the data, and of the outputs it gives, along each axis
BT = ((4, 0, -5, 0, 1, 0), (0, -4, -4, 1, 1, 0), (0, 4, -4, -1, 1, 0), (0, -2, -1, 2, 1, 0), (0, 2, -1, -2, 1, 0),
      (0, 4, 0, -5, 0, 1))  # fmt: skip
G = ((1 / 4, 0, 0), (-1 / 6, -1 / 6, -1 / 6), (-1 / 6, 1 / 6, -1 / 6), (1 / 24, 1 / 12, 1 / 6),
     (1 / 24, -1 / 12, 1 / 6), (0, 0, 1))  # fmt: skip
AT = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))
ONES = POINTS + 1  # of the 36 products, the one to which a constant adds the same to all outputs
CACHE = 13 << 19  # bytes of transformed tiles between their making and their use
SUM = (("sum", 1.0),)


class Shape(NamedTuple):
    """A convolution, channels last: data (N, H, W, C) -> outputs (N, O, P, F), `pad` zeros on each side.

    Args:
        threads: each transforms and multiplies chunks of its own.
    """

    n: int
    data: tuple[int, int]
    out: tuple[int, int]
    pad: tuple[int, int]
    channels: int
    filters: int
    threads: int = 1

    @property
    def tiles(self) -> tuple[int, int]:
        """Rows of tiles in an image, and tiles in a row."""
        return -(-self.out[0] // OUT), -(-self.out[1] // OUT)

    @property
    def large(self) -> bool:
        """True if the transformed filters fill more than the cache that cores share."""
        return 4 * POINTS**2 * self.channels * self.filters > 2 * CACHE

    @property
    def chunks(self) -> list[Chunk]:
        """What is transformed before it is multiplied: as many rows of tiles as the cache holds.

        Filters that no cache holds are read once per chunk, which must be worth it.
        """
        high, wide = self.tiles
        fit = CACHE // self.threads // (4 * POINTS**2 * wide * (self.channels + self.filters))
        if self.large:
            fit = max(fit, -(-64 // wide))
        fit = min(fit, -(-self.n * high // self.threads))
        images, rows = max(1, fit // high), max(1, min(fit, high))
        return [
            Chunk(b, min(images, self.n - b), i, min(rows, high - i))
            for b in range(0, self.n, images)
            for i in range(0, high, rows)
        ]


class Chunk(NamedTuple):
    """Some rows of tiles of some images."""

    image: int
    images: int
    first: int
    rows: int

    @property
    def lines(self) -> int:
        """Rows of tiles in all."""
        return self.images * self.rows


CACHED = 1 << 17
"""Values of filters whose sums stay in the cache, transformed."""

LEAST = 4e8
"""Multiplications of a direct convolution for which waking the threads pays: about four milliseconds of one core."""


def worth(s: Shape, *, summed: bool = False) -> bool:
    """True if the products saved outweigh the transforms: a rule, so that it is the same on every machine.

    In units of a multiplication of the direct convolution: measured with oneDNN 3.2 on two AVX-512 cores, a product
    costs 1.1, a transformed value of the data 110, one of the outputs 70, and a value of the sums that each thread
    makes for the filters 160, twice as much where they do not stay in the cache.

    Args:
        summed: the gradient of the filters is asked for.
    """
    outputs = s.n * s.out[0] * s.out[1]
    tiles = s.n * s.tiles[0] * s.tiles[1]
    direct = 9 * outputs * s.channels * s.filters
    fast = POINTS**2 * tiles * (1.1 * s.channels * s.filters + 110 * s.channels + 70 * s.filters)
    if summed:
        fast += POINTS**2 * s.channels * s.filters * (320 if s.channels * s.filters > CACHED else 160) * s.threads
    # Every thread reads all filters, four times as many values as before: too many for a few tiles.
    few = tiles < 16 * s.threads and s.large
    return min(s.channels, s.filters) >= 32 and fast < 0.85 * direct and direct >= LEAST and not few


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


def into_tiles(p: Products, s: Shape, k: Chunk) -> None:
    """Transform a chunk of the data: -> rows -> tiles (36, T, C)."""
    (height, width), wide, c = s.data, s.tiles[1], s.channels
    line = (OUT * wide + 2) * c
    for at in range(k.rows):
        first = OUT * (k.first + at) - s.pad[0]
        top, bottom = max(first, 0), min(first + POINTS, height)
        p.multiply(
            constant("bt", (1, POINTS, bottom - top), (36, POINTS, 1), top - first),
            Piece("data", (k.image * height + top) * width * c, (k.images, bottom - top, width * c),
                  (height * width * c, width * c, 1)),
            Piece("rows", at * POINTS * line + s.pad[1] * c, (k.images, POINTS, width * c),
                  (k.rows * POINTS * line, line, 1)),
        )  # fmt: skip
    count = k.lines * wide
    to = Piece("tiles", 0, (k.lines, POINTS, wide, POINTS, c), (wide * c, POINTS * count * c, c, count * c, 1))
    # Tiles overlap, and the library refuses a tensor that overlaps itself: four columns, then the other two.
    for start, columns, post in ((0, 4, ()), (4, 2, SUM)):
        p.multiply(
            constant("bt", (1, 1, 1, POINTS, columns), (36, 36, 36, POINTS, 1), start),
            Piece("rows", start * c, (k.lines, POINTS, wide, columns, c), (POINTS * line, line, 4 * c, c, 1)),
            to, post,
        )  # fmt: skip


def zero(buffer: str, shape: tuple[int, int, int], left: int, right: int) -> Any:
    """A call that zeroes the first `left` columns of (lines, columns, channels), and those from `right` on."""

    def make(buffers: Mapping[str, Any]) -> Call:
        a = buffers[buffer][: shape[0] * shape[1] * shape[2]].reshape(shape)
        return _zero, (a[:, :left], a[:, right:])

    return make


def _zero(left: Any, right: Any) -> None:
    left[...] = 0
    right[...] = 0


class How(NamedTuple):
    """What a convolution does besides.

    Args:
        transposed: the filters lie as (36, F, C), not as (36, C, F).
        bias: add `bias` (F).
        add: add `addend`, a tensor as the output.
        post: post-ops after that.
    """

    transposed: bool
    bias: bool = False
    add: bool = False
    post: tuple[tuple[Any, ...], ...] = ()


@dataclass
class Plan:
    """The products of a convolution.

    Args:
        first: what each thread does before its parts.
        parts: one per chunk; they depend on nothing but `first`.
        last: what is done after all of them.
    """

    first: Products = field(default_factory=Products)
    parts: list[Products] = field(default_factory=list)
    last: Products = field(default_factory=Products)

    def part(self) -> Products:
        """A new part."""
        self.parts.append(self.first.like())
        return self.parts[-1]

    def like(self) -> Plan:
        """An empty plan that shares what is known of shapes."""
        return Plan(self.first.like(), [], self.last.like())

    @property
    def failed(self) -> bool:
        """The library refused a product."""
        return any(p.failed for p in (self.first, *self.parts, self.last))


def kinds(s: Shape) -> list[Chunk]:
    """A chunk of every kind there is: enough to know which products there are, and whether the library has them."""
    return list({(k.images, k.first, k.rows): k for k in reversed(s.chunks)}.values())


def convolve(plan: Plan, s: Shape, chunks: Sequence[Chunk], how: How) -> None:
    """Plan a convolution of `data` with transformed `filters` into `out`."""
    wide, c, f, (height, width) = s.tiles[1], s.channels, s.filters, s.out
    line = OUT * wide * f
    plan.first.call(zero("rows", (POINTS * s.chunks[0].lines, OUT * wide + 2, c), s.pad[1], s.pad[1] + s.data[1]))
    for k in chunks:
        p = plan.part()
        count = k.lines * wide
        into_tiles(p, s, k)
        filters = (1, c) if how.transposed else (f, 1)
        p.multiply(
            Piece("tiles", 0, (36, count, c), (count * c, c, 1)),
            Piece("filters", 0, (36, c, f), (c * f, *filters)),
            Piece("products", 0, (36, count, f), (count * f, f, 1)),
        )
        if how.bias:
            p.call(add_bias(ONES * count * f, count, f))
        p.multiply(
            constant("at", (1, 1, 1, OUT, POINTS), (24, 24, 24, POINTS, 1)),
            Piece("products", 0, (k.lines, POINTS, wide, POINTS, f), (wide * f, POINTS * count * f, f, count * f, 1)),
            Piece("lines", 0, (k.lines, POINTS, wide, OUT, f), (POINTS * line, line, OUT * f, f, 1)),
        )
        for at in range(k.rows):
            top = OUT * (k.first + at)
            high = min(OUT, height - top)
            to = Piece("out", (k.image * height + top) * width * f, (k.images, high, width * f),
                       (height * width * f, width * f, 1))  # fmt: skip
            p.multiply(
                constant("at", (1, high, POINTS), (24, POINTS, 1)),
                Piece("lines", at * POINTS * line, (k.images, POINTS, width * f), (k.rows * POINTS * line, line, 1)),
                to, how.post, to._replace(buffer="addend") if how.add else None,
            )  # fmt: skip


def add_bias(offset: int, count: int, filters: int) -> Any:
    """A call that adds the bias to one of the 36 products, from which all outputs take it."""

    def make(buffers: Mapping[str, Any]) -> Call:
        target = buffers["products"][offset : offset + count * filters].reshape(count, filters)
        return _add, (target, buffers["bias"])

    return make


def _add(target: Any, bias: Any) -> None:
    np.add(target, bias, out=target)


def sum_bias(offset: int, count: int, filters: int, *, begun: bool) -> Any:
    """A call that adds to the bias's gradient: one of the 36 transformed values of a tile is the sum of its outputs."""

    def make(buffers: Mapping[str, Any]) -> Call:
        source = buffers["products"][offset : offset + count * filters].reshape(count, filters)
        return (_add_sum if begun else _sum), (source, buffers["sums"])

    return make


def _sum(source: Any, target: Any) -> None:
    np.add.reduce(source, axis=0, out=target)


def _add_sum(source: Any, target: Any) -> None:
    target += np.add.reduce(source, axis=0)


def weights_gradient(plan: Plan, s: Shape, chunks: Sequence[Chunk], *, bias: bool) -> None:
    """Plan the gradient towards the filters, `dweight` (F, C, 3, 3), from `data` and `dy`; and `dbias`.

    Each thread sums over its chunks, into `filters` and `sums`; part k must run on thread k modulo their number.
    """
    wide, c, f, (height, width) = s.tiles[1], s.channels, s.filters, s.out
    line = OUT * wide * f
    plan.first.call(zero("rows", (POINTS * s.chunks[0].lines, OUT * wide + 2, c), s.pad[1], s.pad[1] + s.data[1]))
    plan.first.call(zero("lines", (POINTS * s.chunks[0].lines, OUT * wide, f), 0, width))
    for number, k in enumerate(chunks):
        p, begun = plan.part(), number >= s.threads
        count = k.lines * wide
        into_tiles(p, s, k)
        for at in range(k.rows):
            top = OUT * (k.first + at)
            high = min(OUT, height - top)
            p.multiply(
                constant("a", (1, POINTS, high), (24, OUT, 1)),
                Piece("dy", (k.image * height + top) * width * f, (k.images, high, width * f),
                      (height * width * f, width * f, 1)),
                Piece("lines", at * POINTS * line, (k.images, POINTS, width * f), (k.rows * POINTS * line, line, 1)),
            )  # fmt: skip
        p.multiply(
            constant("a", (1, 1, 1, POINTS, OUT), (24, 24, 24, OUT, 1)),
            Piece("lines", 0, (k.lines, POINTS, wide, OUT, f), (POINTS * line, line, OUT * f, f, 1)),
            Piece("products", 0, (k.lines, POINTS, wide, POINTS, f), (wide * f, POINTS * count * f, f, count * f, 1)),
        )
        if bias:
            p.call(sum_bias(ONES * count * f, count, f, begun=begun))
        p.multiply(
            Piece("products", 0, (36, f, count), (count * f, 1, f)),
            Piece("tiles", 0, (36, count, c), (count * c, c, 1)),
            Piece("filters", 0, (36, f, c), (f * c, c, 1)),
            SUM if begun else (),
        )
    threads = range(min(s.threads, len(s.chunks)))
    for t in threads:
        plan.last.multiply(
            Piece(f"filters {t}", 0, (f * c, 36), (1, f * c)),
            constant("filters", (36, 9), (9, 1)),
            Piece("dweight", 0, (f * c, 9), (9, 1)),
            SUM if t else (),
        )
    if bias:
        plan.last.call(lambda buffers: (_total, (buffers["dbias"], [buffers[f"sums {t}"] for t in threads])))


def _total(target: Any, sums: Sequence[Any]) -> None:
    np.add.reduce(sums, axis=0, out=target)
