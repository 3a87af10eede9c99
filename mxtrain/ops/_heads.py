"""Multi-head attention over projections that lie interleaved: per step, sample and head the parts side by side.

Shapes:
    interleaved (T, N, H P D): P parts of D numbers for each of H heads

Source: MXNet's src/operator/contrib/transformer.cc; Vaswani et al., "Attention is all you need", 2017.
"""

from __future__ import annotations

import math
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, apply
from mxtrain.ops._gemm import PRODUCT
from mxtrain.ops._infer import need_rank
from mxtrain.ops._move import cut
from mxtrain.ops._permute import PERMUTED
from mxtrain.ops._reshaped import reshaped


@declare
class Params:
    """Parameters of the products of attention."""

    heads: int = param(ge=1, doc="number of heads")


def known(p: Params, t: PartialType, name: str, parts: int) -> tuple[int | None, int | None, int | None]:
    """(steps, samples, D) of an interleaved tensor.

    Raises:
        ShapeError: if it cannot be one.
    """
    shape = need_rank(t, (3,), name, f"(T, N, H {parts} D)" if parts > 1 else "(T, N, H D)") or (None,) * 3
    width = shape[2]
    if width is not None and width % (parts * p.heads):
        raise ShapeError(f"the last axis of {name!r} {t} must be a multiple of {parts} x heads {p.heads}")
    return shape[0], shape[1], None if width is None else width // (parts * p.heads)


def batch(p: Params, samples: int | None) -> int | None:
    """Heads of all samples."""
    return None if samples is None else samples * p.heads


def scores(p: Params, steps: tuple[int | None, int | None], samples: int | None, dtype: str | None) -> PartialType:
    """The type (N H, Tq, Tk) of scores and weights."""
    return PartialType((batch(p, samples), *steps), dtype)


def samples_of(p: Params, t: PartialType) -> int | None:
    """How many samples scores are of."""
    shape = need_rank(t, (3,), "attention", "(N H, Tq, Tk)")
    return None if shape is None or shape[0] is None else shape[0] // p.heads


def part(node: Node, which: int, data: Entry, parts: int, at: int) -> Entry:
    """(N H, T, D) one part of every head.

    Args:
        which: number of the input, for names.
        at: which part.
    """
    name, heads = f"{node.name}_part{which}{at}", node.params.heads
    steps, samples, width = data.type.shape
    depth = width // (heads * parts)
    spread = reshaped(f"{name}_heads", data, (steps, samples, heads, parts, depth))
    spans = ((0, steps, 1), (0, samples, 1), (0, heads, 1), (at, 1, 1), (0, depth, 1))
    one = cut(f"{name}_cut", spread, spans) if parts > 1 else spread
    flat = reshaped(f"{name}_flat", one, (steps, samples * heads, depth))
    return apply(PERMUTED, name, flat, axes=(1, 0, 2))


def scored(node: Node, queries: Entry, keys: Entry) -> Entry:
    """(N H, Tq, Tk) queries times keys, over the root of D."""
    scale = 1 / math.sqrt(queries.type.shape[2])
    return apply(PRODUCT, node.name, queries, keys, transpose_b=True, alpha=scale)


def weighted(node: Node, attention: Entry, values: Entry) -> Entry:
    """(Tq, N, H D) values by their weights."""
    heads, name = node.params.heads, node.name
    made = apply(PRODUCT, f"{name}_product", attention, values)
    rows, steps, depth = made.type.shape
    turned = apply(PERMUTED, f"{name}_steps", made, axes=(1, 0, 2))
    return reshaped(name, turned, (steps, rows // heads, heads * depth))


def first_known(*sizes: int | None) -> Any:
    """The first size that is known, or None."""
    return next((s for s in sizes if s is not None), None)
