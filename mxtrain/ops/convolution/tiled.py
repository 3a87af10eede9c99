"""Recipes of winograd.py: its buffers, its threads, and the layout of transformed filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from mxtrain.backends import onednn
from mxtrain.backends.onednn import Piece, Products
from mxtrain.base.errors import BackendUnavailable
from mxtrain.base.types import Layout, TensorType
from mxtrain.graph import Call, Node, Recipe
from mxtrain.ops._activations import post_ops
from mxtrain.ops.convolution import winograd
from mxtrain.ops.convolution.declaration import Params, geometry
from mxtrain.ops.convolution.winograd import OUT, POINTS, Chunk, How, Plan, Shape, constant, constants

NAME = "onednn:winograd"


def shape_of(p: Params, data: TensorType, out: TensorType, threads: int, *, summed: bool = False) -> Shape | None:
    """The convolution from `data` to `out` as winograd.py sees it; None if it is not for it.

    Args:
        summed: the gradient of the filters is asked for.
    """
    g = geometry(p)
    if g.kernel != (3, 3) or g.stride != (1, 1) or g.dilate != (1, 1) or p.num_group != 1 or max(g.pad) > 2:
        return None
    if not onednn.available() or not data.dtype == out.dtype == "float32" or data.size == 0:
        return None
    (n, c, *size), (_, f, *result) = data.shape, out.shape
    s = Shape(n, (size[0], size[1]), (result[0], result[1]), (g.pad[0], g.pad[1]), c, f, threads)
    return s if winograd.worth(s, summed=summed) else None


def forward(node: Node, s: Shape) -> Recipe | None:
    """The convolution with what it has absorbed."""
    p: Params = node.params
    bias, add = not p.no_bias, getattr(p, "add", False)
    how = How(True, bias, add, post_ops(getattr(p, "act", None)))
    arrays = {"data": ("in", 0), "filters": ("in", 1), "out": ("out", 0)}
    arrays |= ({"bias": ("in", 2)} if bias else {}) | ({"addend": ("in", len(node.inputs) - 1)} if add else {})
    return made(partial(winograd.convolve, how=how), s, arrays, takes={1: filters_layout(s, rotated=False)})


def backward_data(s: Shape) -> Recipe | None:
    """The gradient towards the data: a convolution of the gradient with rotated filters."""
    back = Shape(s.n, s.out, s.data, (2 - s.pad[0], 2 - s.pad[1]), s.filters, s.channels, s.threads)
    arrays = {"data": ("in", 0), "filters": ("in", 1), "out": ("out", 0)}
    how = How(transposed=False)
    return made(partial(winograd.convolve, how=how), back, arrays, takes={1: filters_layout(s, rotated=True)})


def backward_weights(s: Shape, *, bias: bool) -> Recipe | None:
    """The gradient towards weight and bias."""
    arrays = {"data": ("in", 0), "dy": ("in", 1), "dweight": ("out", 0)} | ({"dbias": ("out", 1)} if bias else {})
    return made(partial(winograd.weights_gradient, bias=bias), s, arrays, sums=True)


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
        pad = p.scratchpad

        def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
            arrays = {"constants": constants()[0], "weight": flat(ins[0]), "filters": flat(outs[0])}
            return p.bind(arrays | ({onednn.SCRATCHPAD: scratch} if pad else {}))

        return None if p.failed else Recipe(prepare, NAME, scratch=pad)


def filters_layout(s: Shape, *, rotated: bool) -> Layout:
    """The layout in which a convolution wants its filters."""
    return Layout("winograd", Filters(rotated), 4 * POINTS**2 * s.channels * s.filters)


def buffers(s: Shape, *, sums: bool) -> dict[str, int]:
    """Elements of each buffer that a thread needs; `sums`: those of the gradient of filters and bias too."""
    wide, lines = s.tiles[1], s.chunks[0].lines
    sizes = {
        "rows": lines * POINTS * (OUT * wide + 2) * s.channels,
        "lines": lines * POINTS * OUT * wide * s.filters,
        "tiles": POINTS**2 * lines * wide * s.channels,
        "products": POINTS**2 * lines * wide * s.filters,
    }
    return sizes | ({"filters": POINTS**2 * s.channels * s.filters, "sums": s.filters} if sums else {})


def made(
    planned: Callable[[Plan, Shape, Sequence[Chunk]], None],
    s: Shape,
    arrays: Mapping[str, tuple[str, int]],
    *,
    takes: Mapping[int, Layout] | None = None,
    sums: bool = False,
) -> Recipe | None:
    """The recipe of a plan; None if the library refuses a product.

    Args:
        planned: plans some chunks: at first one of each kind, all of them when there is memory.
        arrays: buffer -> ("in" or "out", index).
        sums: threads sum over their own parts.
    """
    sample = Plan()
    with onednn.one_thread(s.threads):
        planned(sample, s, winograd.kinds(s) * (1 + s.threads * sums))
    if sample.failed:
        return None
    threads = min(s.threads, len(s.chunks))
    pad = max(sample.first.scratchpad, sample.last.scratchpad)
    sizes = {**buffers(s, sums=sums), onednn.SCRATCHPAD: -(-pad // 4)}
    steps = {name: -(-n // 16) * 16 for name, n in sizes.items()}

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        given: dict[str, Any] = {"constants": constants()[0]}
        given |= {b: flat((ins if side == "in" else outs)[i]) for b, (side, i) in arrays.items()}
        own, start = [], 0
        for _ in range(threads):
            found = dict(given)
            for name, n in sizes.items():
                if n:
                    found[name] = scratch[4 * start : 4 * (start + n)].view(np.float32)
                start += steps[name]
            own.append(found)
        shared = {f"{name} {t}": own[t][name] for t in range(threads) for name in ("filters", "sums") if sums}
        plan = sample.like()
        with onednn.one_thread(s.threads):
            planned(plan, s, s.chunks)
            bound = [onednn.bind_each([plan.first, *plan.parts], found) for found in own]
            after = plan.last.bind(own[0] | shared)
        if plan.failed or max(plan.first.scratchpad, plan.last.scratchpad) > pad:
            raise BackendUnavailable(f"oneDNN plans {s} otherwise than before")
        return _run, ([calls[0] for calls in bound], [calls[1:] for calls in bound], after, sums, s.threads)

    return Recipe(prepare, NAME, scratch=4 * threads * sum(steps.values()), takes=takes or {})


def _run(firsts: Any, parts: Any, after: Call, dealt: bool, threads: int) -> Any:
    return onednn.run_parts(firsts, parts, dealt=dealt, threads=threads) or after[0](*after[1])


def flat(a: Any) -> Any:
    """A dense array as the flat float32 array of its bytes' order."""
    if a.ndim == 4 and a.strides[1] == a.itemsize and a.shape[1] > 1:
        a = a.transpose(0, 2, 3, 1)
    return a.reshape(-1).view(np.float32)
