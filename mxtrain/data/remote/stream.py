"""Records in the order of a walk, shuffled within a window: what can be done without an index.

A window of `window` records is filled from the walk. For each record that is asked for one of the window is drawn, and
the next of the walk takes its place. So a record comes at most `window` places early and on average as many late: mixed
well where the file was packed in a mixed order, and hardly where its classes stand one after the other. The order is a
function of (seed, epoch, file, window). It cannot begin in the middle: what comes before is walked through again. With
an index all this is better: see data/shuffle.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

from mxtrain.base.random import stream_key, words
from recordio import Losses, RangeReader, scan_ranges
from recordio.ranges import span_of

_DRAWS = 256
"""Random numbers that are made at once."""


class Part(NamedTuple):
    """A share of a file: the records that start in bytes `start` to `stop` (`recordio.format.byte_ranges`)."""

    start: int
    stop: int


class Sample(NamedTuple):
    """A record and where it starts."""

    offset: int
    payload: memoryview


def stream(
    file: RangeReader,
    path: str,
    key: tuple[int, int],
    window: int,
    part: Part | None = None,
    losses: Losses | None = None,
) -> Iterator[Sample]:
    """The records of a file, each once.

    Args:
        file: what is walked through.
        path: what errors call it.
        key: seed and epoch.
        window: records held at a time; 1: in the order of the file.
        part: the share that is wanted; None: all of it.
        losses: damaged records are counted here and skipped; None: they raise.

    Raises:
        DamageError: for a damaged record, unless they are skipped.
        ValueError: if the window holds no record.
    """
    if window < 1:
        raise ValueError(f"window must be at least 1, got {window}")
    span = span_of(file, *part) if part else None
    held: list[Sample] = []
    draws = _draws(*key)
    with closing(scan_ranges(file, path, span, losses)) as records:
        for offset, payload in records:
            # Not a view: a view would hold its whole block for as long as the record waits.
            found = Sample(offset, memoryview(bytes(payload)))
            if len(held) < window:
                held.append(found)
                continue
            at = next(draws) * window >> 32
            yield held[at]
            held[at] = found
    while held:
        at = next(draws) * len(held) >> 32
        held[at], held[-1] = held[-1], held[at]
        yield held.pop()


def _draws(seed: int, epoch: int) -> Iterator[int]:
    """32-bit numbers."""
    key, first = stream_key(seed, "data/stream"), 0
    while True:
        yield from words(key, epoch, first, _DRAWS, 1)[:, 0].tolist()
        first += _DRAWS
