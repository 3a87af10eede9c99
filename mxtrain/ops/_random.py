"""Random draws of operators: the words of base.random, drawn in blocks that stay in the cache, straight into place.

An operator that draws has an input called ``random_state``, which users do not write: the front gives every such node
the one state variable of that name, (5,) uint32: seed low, seed high, step, first sample low, first sample high. It is
read at every run, so nothing is baked into a prepared call. The stream is keyed by (seed, name of the node) and counted
by (step, sample, element): the first axis counts samples, an element is its place in C order of the other axes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mxtrain.base.random import stream_key
from mxtrain.base.types import PartialType

STATE = "random_state"
STATE_TYPE = PartialType((5,), "uint32")

BLOCK = 8192
"""Philox blocks (of four words) at once: six rows of as many uint64 stay in the second-level cache."""


class Position(NamedTuple):
    """Where a run stands."""

    seed: int
    step: int
    first_sample: int


def position(state: Any) -> Position:
    """What the variable ``random_state`` says."""
    seed_low, seed_high, step, first_low, first_high = (int(v) for v in state)
    return Position(seed_high << 32 | seed_low, step, first_high << 32 | first_low)


@dataclass(frozen=True)
class Room:
    """Working memory of a draw.

    Args:
        words: (6, blocks) uint64: the four words of each block, and two rows of products.
        rows: (samples at once, elements of a sample) of what is made of the words.
        places: 0, 1, 2... uint64, as many as there are samples or blocks of a sample at once.
    """

    words: Any
    rows: Any
    places: Any


def sizes(shape: Sequence[int]) -> tuple[int, int, int]:
    """(blocks at once, samples at once, elements of a sample) for a draw of this shape."""
    each = math.prod(shape[1:])
    blocks = -(-each // 4)
    samples = min(shape[0], max(1, BLOCK // max(blocks, 1)))
    return min(samples * blocks, BLOCK), samples, each


def room_bytes(shape: Sequence[int], itemsize: int) -> int:
    """Bytes that a draw needs."""
    blocks, samples, each = sizes(shape)
    return 48 * blocks + samples * each * itemsize


def room(scratch: Any, shape: Sequence[int], xp: Any, dtype: Any) -> Room:
    """The working memory as views of a flat uint8 buffer of `room_bytes`."""
    blocks, samples, each = sizes(shape)
    words = scratch[: 48 * blocks].view(xp.uint64).reshape(6, blocks)
    rows = scratch[48 * blocks :].view(dtype)[: samples * each].reshape(samples, each)
    return Room(words, rows, xp.arange(max(samples, min(-(-each // 4), BLOCK)), dtype=xp.uint64))


def rounds(xp: Any, w: Sequence[Any], key: tuple[int, int]) -> None:
    """Ten rounds of Philox4x32 over counters w[0..3], in place; w[4] and w[5] hold products."""
    c0, c1, c2, c3, p0, p1 = w
    low, shift, m0, m1 = (xp.uint64(v) for v in (0xFFFFFFFF, 32, 0xD2511F53, 0xCD9E8D57))
    k0, k1 = key
    for _ in range(10):
        xp.multiply(c0, m0, out=p0)
        xp.multiply(c2, m1, out=p1)
        for c, other, product, k in ((c0, c1, p1, k0), (c2, c3, p0, k1)):
            xp.right_shift(product, shift, out=c)
            xp.bitwise_xor(c, other, out=c)
            xp.bitwise_xor(c, xp.uint64(k), out=c)
            xp.bitwise_and(product, low, out=other)
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF


Convert = Callable[[Any, Any], None]
"""``(words, out)``: makes of uint64 words below 2^32 what is wanted; may change the words."""


def fill(xp: Any, out: Any, convert: Convert, key: tuple[int, int], at: Position, space: Room) -> None:
    """out[...] = what `convert` makes of one word per element.

    Args:
        out: (samples, ...) in any layout.
        key: the two key words of the stream.
        at: where the run stands; `out` holds the samples from ``at.first_sample`` on.
    """
    samples, each = space.rows.shape
    blocks = -(-each // 4)
    for first in range(0, out.shape[0], samples):
        count = min(samples, out.shape[0] - first)
        for start in range(0, blocks, BLOCK):
            stop = min(start + BLOCK, blocks)
            words = space.words[:, : count * (stop - start)].reshape(6, count, stop - start)
            xp.copyto(words[0], space.places[: stop - start])
            xp.add(words[0], xp.uint64(start), out=words[0])
            xp.copyto(words[1], space.places[:count, None])
            xp.add(words[1], xp.uint64(at.first_sample + first), out=words[1])
            xp.right_shift(words[1], xp.uint64(32), out=words[2])
            xp.bitwise_and(words[1], xp.uint64(0xFFFFFFFF), out=words[1])
            words[3] = at.step
            rounds(xp, words, key)
            for k in range(4):
                target = space.rows[:count, 4 * start + k : min(4 * stop, each) : 4]
                convert(words[k, :, : target.shape[1]], target)
        out[first : first + count] = space.rows[:count].reshape(count, *out.shape[1:])


def draw(xp: Any, out: Any, convert: Convert, name: str, state: Any, space: Room) -> None:
    """`fill` for the node called `name`, at the position that `state` holds."""
    at = position(state)
    fill(xp, out, convert, stream_key(at.seed, name), at, space)
