"""Attention on a CPU: the scores of some heads, or of a block of queries, stay in the cache of the core that uses them.

A thread takes one part after another: product, softmax, product; backward it makes the weights again, and gradients
from them. Scores and sums are float32 whatever is stored; what a product reads has the type of the data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, partial
from typing import Any, NamedTuple

from mxtrain.backends import onednn
from mxtrain.backends.onednn import Piece, Products
from mxtrain.base.device import Device
from mxtrain.base.errors import BackendUnavailable
from mxtrain.base.types import ITEMSIZE, TensorType
from mxtrain.graph import Call, Node, Recipe, Setting

SCORES = 1 << 17
"""Scores that a thread holds at once: 512 KiB, half of a core's cache, in float32."""
LEAST = 1 << 10
"""Scores of a head below which the library's one call for all is not slower."""

A = onednn.Arg


class Sizes(NamedTuple):
    """What is computed.

    Args:
        heads: matrices in the batch.
        queries, keys: rows of query, and of key and value.
        width, depth: columns of query and key, and of value.
        together: heads of a part.
        block: queries of a part.
    """

    heads: int
    queries: int
    keys: int
    width: int
    depth: int
    together: int
    block: int
    dtype: str
    scale: float

    @property
    def parts(self) -> list[int]:
        """The first head of every part."""
        return list(range(0, self.heads, self.together))

    def blocks(self, first: int) -> list[Head]:
        """A part's blocks of queries."""
        many = min(self.together, self.heads - first)
        rows = range(0, self.queries, self.block)
        return [Head(self, first, many, row, min(self.block, self.queries - row)) for row in rows]


def sizes(types: Sequence[TensorType], scale: float, threads: int) -> Sizes:
    """The sizes, and how they are cut into parts, two or more for each thread where there are heads enough."""
    query, key, value = types
    heads, queries, keys = math.prod(query.shape[:-2]), query.shape[-2], key.shape[-2]
    together = max(1, min(SCORES // (queries * keys), heads // (2 * threads)))
    block = min(queries, max(SCORES // keys, 1))
    return Sizes(heads, queries, keys, query.shape[-1], value.shape[-1], together, block, query.dtype, scale)


def wanted(setting: Setting, types: Sequence[TensorType]) -> bool:
    """True if training should keep no scores: where memory is worth time, and every thread has work.

    A step takes 5 to 15 % longer (decision 011).
    """
    if not setting.lean or not suits(types):
        return False
    threads = setting.device.threads
    s = sizes(types, 1.0, threads)
    return s.heads >= 2 * threads and not _refused(s, threads)


def suits(types: Sequence[TensorType]) -> bool:
    """True if kernels here take these inputs."""
    query, key, value = types
    return (
        onednn.available()
        and onednn.supports(query, key, value)
        and all(t.dtype == query.dtype and t.layout.name == "plain" for t in types)
        and query.dtype in ("float32", "bfloat16")
        and query.shape[-2] * key.shape[-2] >= LEAST
    )


class Head(NamedTuple):
    """Some heads and queries of a part: pieces of the arrays, and the thread's buffers."""

    s: Sizes
    first: int
    many: int
    row: int
    rows: int

    def of(self, name: str, columns: int, *, turned: bool = False, keys: bool = True) -> Piece:
        """A matrix of `columns` columns per head: one row per key, or per query of the block."""
        s = self.s
        total = s.keys if keys else s.queries
        rows, row = (s.keys, 0) if keys else (self.rows, self.row)
        shape, steps = (rows, columns), (columns, 1)
        if turned:
            shape, steps = shape[::-1], steps[::-1]
        offset = (self.first * total + row) * columns
        return Piece(name, offset, (self.many, *shape), (total * columns, *steps), s.dtype)

    def scores(self, name: str, dtype: str = "float32", *, turned: bool = False) -> Piece:
        """A buffer of the part's scores."""
        rows, keys = self.rows, self.s.keys
        shape, steps = ((keys, rows), (1, keys)) if turned else ((rows, keys), (keys, 1))
        return Piece(name, 0, (self.many, *shape), (rows * keys, *steps), dtype)


def _linear(factor: float) -> list[tuple[Any, ...]]:
    return [] if factor == 1 else [("eltwise", onednn.Algorithm.LINEAR, factor, 0.0)]


def _weights(p: Products, h: Head, to: str, dtype: str) -> None:
    """Scores of a block, and their softmax in a buffer."""
    query, key = h.of("query", h.s.width, keys=False), h.of("key", h.s.width, turned=True)
    scores, w = h.scores("scores"), h.scores(to, dtype)
    p.multiply(query, key, scores, _linear(h.s.scale))
    p.run(_softmax(scores, w), {A.SRC: scores, A.DST: w})


def _softmax(scores: Piece, w: Piece) -> onednn.PrimitiveDesc | None:
    algorithm = onednn.Algorithm.SOFTMAX
    return _known("softmax_forward", onednn.Prop.INFERENCE, algorithm, scores, w, len(scores.shape) - 1)


_KNOWN: dict[Any, onednn.PrimitiveDesc | None] = {}


def _known(kind: str, *args: Any) -> onednn.PrimitiveDesc | None:
    """A plan of the library, described once."""
    key = (kind, *(a[2:] if isinstance(a, Piece) else a for a in args))
    if key not in _KNOWN:
        _KNOWN[key] = onednn.describe(kind, *(a.desc if isinstance(a, Piece) else a for a in args))
    return _KNOWN[key]


def plan_forward(p: Products, s: Sizes, first: int) -> None:
    """The output of a part."""
    name = "scores" if s.dtype == "float32" else "weights"
    for h in s.blocks(first):
        _weights(p, h, name, s.dtype)
        p.multiply(h.scores(name, s.dtype), h.of("value", s.depth), h.of("output", s.depth, keys=False))


def plan_backward(p: Products, s: Sizes, first: int) -> None:
    """The gradients of a part. Those of key and value are summed over its blocks of queries."""
    narrow = s.dtype != "float32"
    blocks = s.blocks(first)
    for h in blocks:
        _weights(p, h, "scores", "float32")
        w, dw, algorithm = h.scores("scores"), h.scores("dweights"), onednn.Algorithm.SOFTMAX
        dy, key = h.of("dy", s.depth, keys=False), h.of("key", s.width)
        read = _narrowed(p, w, "weights", s.dtype) if narrow else w
        _sum(p, h, len(blocks), (read, dy), ("dvalue", s.depth))
        p.multiply(dy, h.of("value", s.depth, turned=True), dw, _linear(s.scale))
        hint = _known("softmax_forward", onednn.Prop.TRAINING, algorithm, w, w, 2)
        backward = hint and _known("softmax_backward", algorithm, dw, dw, w, 2, hint)
        p.run(backward, {A.DIFF_DST: dw, A.DST: w, A.DIFF_SRC: dw})
        read = _narrowed(p, dw, "weights", s.dtype) if narrow else dw
        p.multiply(read, key, h.of("dquery", s.width, keys=False))
        _sum(p, h, len(blocks), (read, h.of("query", s.width, keys=False)), ("dkey", s.width))


def _narrowed(p: Products, wide: Piece, name: str, dtype: str) -> Piece:
    """A copy in the type of the data."""
    narrow = wide._replace(buffer=name, dtype=dtype)
    p.run(_known("reorder", wide, narrow), {A.SRC: wide, A.DST: narrow})
    return narrow


def _sum(p: Products, h: Head, count: int, factors: tuple[Piece, Piece], to: tuple[str, int]) -> None:
    """A block's part of a gradient towards keys or values: the left factor, turned, times the right one."""
    left, right = factors
    turned = left._replace(shape=(left.shape[0], *left.shape[:0:-1]), steps=(left.steps[0], *left.steps[:0:-1]))
    name, columns = to
    target = h.of(name, columns)
    if count == 1:
        p.multiply(turned, right, target)
        return
    total = Piece(f"{name} sum", 0, target.shape, (target.shape[1] * columns, columns, 1))
    p.multiply(turned, right, total, [("sum", 1.0)] if h.row else [])
    if h.row + h.rows == h.s.queries:
        p.run(_known("reorder", total, target), {A.SRC: total, A.DST: target})


def buffers(s: Sizes, *, backward: bool) -> dict[str, int]:
    """Bytes of each buffer of a thread."""
    scores = s.together * s.block * s.keys
    made = {"scores": 4 * scores, "weights": 0 if s.dtype == "float32" else ITEMSIZE[s.dtype] * scores}
    if backward:
        made |= {"dweights": 4 * scores}
        if s.block < s.queries:
            made |= {"dkey sum": 4 * s.together * s.keys * s.width, "dvalue sum": 4 * s.together * s.keys * s.depth}
    return {name: n for name, n in made.items() if n}


@cache
def _refused(s: Sizes, threads: int) -> bool:
    """True if the library does not do all that the backward, and with it the forward, is made of."""
    with onednn.one_thread(threads):
        return _planned(s, backward=True).failed


def _planned(s: Sizes, *, backward: bool) -> Products:
    """The first and the last part, which have all shapes that there are."""
    sample = Products()
    for first in {s.parts[0], s.parts[-1]}:
        (plan_backward if backward else plan_forward)(sample, s, first)
    return sample


def made(node: Node, device: Device, s: Sizes, names: tuple[Sequence[str], Sequence[str]]) -> Recipe | None:
    """The recipe.

    Args:
        names: of the inputs and of the outputs.
    """
    backward = len(names[1]) > 1
    plan = plan_backward if backward else plan_forward
    with onednn.one_thread(device.threads):
        sample = _planned(s, backward=backward)
    if sample.failed:
        return None
    threads = min(device.threads, len(s.parts))
    needed = {**buffers(s, backward=backward), onednn.SCRATCHPAD: sample.scratchpad}
    steps = {name: -(-n // 64) * 64 for name, n in needed.items()}

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        given = {n: a.reshape(-1) for n, a in (*zip(names[0], ins, strict=False), *zip(names[1], outs, strict=True))}
        own, start = [], 0
        for _ in range(threads):
            found = dict(given)
            for name, n in needed.items():
                if n:
                    found[name] = scratch[start : start + n]
                start += steps[name]
            own.append(found)
        parts = [sample.like() for _ in s.parts]
        with onednn.one_thread(device.threads):
            for p, first in zip(parts, s.parts, strict=True):
                plan(p, s, first)
            bound = [onednn.bind_each(parts, found) for found in own]
        if any(p.failed for p in parts) or max(p.scratchpad for p in parts) > sample.scratchpad:
            raise BackendUnavailable(f"oneDNN plans {s} otherwise than before")
        return partial(onednn.run_parts, dealt=False, threads=device.threads), ([()] * threads, bound)

    return Recipe(prepare, "onednn:attention", scratch=threads * sum(steps.values()))


def forward(node: Node, device: Device) -> Recipe | None:
    """Query, key and value to the output."""
    types = [e.type for e in node.inputs]
    if node.params.stats or not suits(types):
        return None
    s = sizes(types, _scale(node), device.threads)
    return made(node, device, s, (("query", "key", "value"), ("output",)))


def backward(node: Node, device: Device) -> Recipe | None:
    """The three gradients."""
    types = [e.type for e in node.inputs[1:4]]
    if node.params.stats or not suits(types):
        return None
    s = sizes(types, _scale(node), device.threads)
    return made(node, device, s, (("dy", "query", "key", "value"), ("dquery", "dkey", "dvalue")))


def _scale(node: Node) -> float:
    return 1.0 if node.params.scale is None else float(node.params.scale)
