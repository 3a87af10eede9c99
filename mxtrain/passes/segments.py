"""Where to cut a forward into segments that are computed again: arithmetic over bytes and costs, no graphs.

The forward is a line of nodes. What crosses a cut is kept from the forward to the backward. What a segment makes and
the backward reads is either kept too, or dropped and made again when the backward arrives at the segment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
MOST_CUTS = 256
"""Places for cuts that are looked at; of more, those that least crosses are taken."""


@dataclass(frozen=True)
class Line:
    """A forward, one value per node.

    Args:
        crossing: bytes of all that nodes up to this one make and later nodes of the forward read.
        read: bytes of what it makes and the backward reads.
        passing: bytes that come and go while the backward passes it.
        cost: of computing it again.
        kept: bytes of what it makes that is kept whatever becomes of its segment.
    """

    crossing: Numbers
    read: Numbers
    passing: Numbers
    cost: Numbers
    kept: Numbers


class Segment(NamedTuple):
    """Nodes `first` to `last` of a line, computed again or kept."""

    first: int
    last: int
    again: bool


def choices(line: Line, slack: tuple[float, ...]) -> list[tuple[Segment, ...]]:
    """Ways to cut, from the one that needs the least memory to ever looser ones.

    Args:
        slack: how many times the least memory each may need.
    """
    places = _places(line)
    low, high = 0.0, float(line.read.sum() + line.kept.sum() + line.crossing.sum() + line.passing.max(initial=0))
    for _ in range(24):
        middle = (low + high) / 2
        low, high = (low, middle) if _cut(line, places, middle) else (middle, high)
    found: dict[tuple[Segment, ...], None] = {}
    for factor in slack:
        cuts = _cut(line, places, high * factor)
        if cuts:
            found[_keep(line, cuts)] = None
    return list(found)


def _places(line: Line) -> list[int]:
    """Where cuts may stand: where less crosses than beside it; the last node is always one."""
    x = line.crossing
    last = len(x) - 1
    dips = [p for p in range(last) if (p == 0 or x[p] <= x[p - 1]) and x[p] <= x[p + 1]]
    return [*sorted(sorted(dips, key=lambda p: x[p])[:MOST_CUTS]), last]


def _cut(line: Line, places: list[int], limit: float) -> list[int]:
    """The cuts that keep the fewest bytes so that no segment's backward needs more than `limit`; [] if there are none.

    Dynamic programming: the fewest bytes kept up to a cut follow from those up to the cuts before it.
    """
    total = np.concatenate(([0.0], np.cumsum(line.read + line.kept)))
    stays = np.concatenate(([0.0], np.cumsum(line.kept)))
    starts = np.array([0, *(p + 1 for p in places)])
    kept = np.full(len(starts), np.inf)
    kept[0] = 0.0
    before = np.zeros(len(starts), np.int64)
    passing = np.zeros(len(starts))
    for j, p in enumerate(places, 1):
        passing[:j] = np.maximum(passing[:j], line.passing[starts[j - 1] : p + 1].max())
        needed = kept[:j] + total[p + 1] - total[starts[:j]] + passing[:j]
        fits = np.where(needed <= limit, kept[:j], np.inf)
        fits += stays[p + 1] - stays[starts[:j]] + line.crossing[p]
        before[j] = int(np.argmin(fits))
        kept[j] = fits[before[j]]
    if not np.isfinite(kept[-1]):
        return []
    cuts, j = [], len(places)
    while j:
        cuts.append(places[j - 1])
        j = int(before[j])
    return cuts[::-1]


def _keep(line: Line, cuts: list[int]) -> tuple[Segment, ...]:
    """The segments between cuts: those whose recomputing costs most per byte are kept, as long as no segment's
    backward then needs more than the one that needs most."""
    spans = list(zip([0, *(c + 1 for c in cuts[:-1])], cuts, strict=True))
    inside = np.array([line.read[a : b + 1].sum() + line.kept[a : b + 1].sum() for a, b in spans])
    passing = np.array([line.passing[a : b + 1].max() for a, b in spans])
    cost = np.array([line.cost[a : b + 1].sum() for a, b in spans])
    stays = np.array([line.kept[a : b + 1].sum() for a, b in spans])
    stored = line.crossing[cuts] + stays
    more = np.maximum(inside - stored, 0.0)
    needed = np.concatenate(([0.0], np.cumsum(stored)[:-1])) + inside + passing
    limit = needed.max()
    again = np.ones(len(spans), bool)
    for k in sorted(range(len(spans)), key=lambda k: -cost[k] / max(more[k], 1.0)):
        if (needed[k + 1 :] + more[k] <= limit).all():
            needed[k + 1 :] += more[k]
            again[k] = False
    return tuple(Segment(a, b, bool(r)) for (a, b), r in zip(spans, again, strict=True))
