from __future__ import annotations

import numpy as np
import pytest

from mxtrain.passes.segments import Line, _keep, choices


def chain(count, rng=None):
    """A chain of equal nodes, each read by the next and by the backward; or of random ones."""
    size = np.ones(count) if rng is None else rng.integers(1, 50, count).astype(float)
    cost = np.ones(count) if rng is None else rng.integers(1, 50, count).astype(float)
    crossing = size.copy()
    crossing[-1] = 0
    return Line(crossing, size, 2 * size, cost, np.zeros(count))


def peak(line, segments):
    """Bytes that the backward of the neediest segment finds kept or makes."""
    kept, most = 0.0, 0.0
    for s in segments:
        inside = line.read[s.first : s.last + 1].sum()
        most = max(most, kept + inside + line.passing[s.first : s.last + 1].max())
        kept += line.crossing[s.last] if s.again else max(inside, line.crossing[s.last])
    return most


def test_a_chain_needs_the_square_root():
    (segments,) = choices(chain(100), (1.0,))
    # The first segment finds nothing kept and may be longest: 13 + 12 + ... lie between cuts.
    assert peak(chain(100), segments) <= 2 * 100**0.5


@pytest.mark.parametrize("turn", range(20))
def test_segments_cover_the_line_in_order(turn, rng):
    line = chain(30 + turn, np.random.default_rng([turn, int(rng.integers(1 << 30))]))
    for segments in choices(line, (1.0, 1.5, 3.0)):
        assert [s.first for s in segments] == [0, *(s.last + 1 for s in segments[:-1])]
        assert segments[-1].last == len(line.read) - 1


@pytest.mark.parametrize("turn", range(20))
def test_no_other_cuts_need_less(turn, rng):
    # All cuts of a short line, by brute force. Only places where less crosses than beside them are allowed.
    rng = np.random.default_rng([turn, int(rng.integers(1 << 30))])
    line = chain(9, rng)
    x = line.crossing
    dips = [p for p in range(8) if (p == 0 or x[p] <= x[p - 1]) and x[p] <= x[p + 1]]
    least = min(
        peak(line, [(type("S", (), {"first": a, "last": b, "again": True})) for a, b in
                    zip([0, *(c + 1 for c in cuts)], [*cuts, 8], strict=True)])
        for k in range(1 << len(dips))
        for cuts in [[p for i, p in enumerate(dips) if k >> i & 1]]
    )  # fmt: skip
    (segments,) = choices(line, (1.0,))
    assert peak(line, segments) == pytest.approx(least)


def test_the_last_segment_is_kept():
    # Its backward comes at once: to drop it would save nothing.
    for segments in choices(chain(50), (1.0, 1.5)):
        assert not segments[-1].again and any(s.again for s in segments)


def test_more_memory_costs_less():
    line = chain(200)
    few, many = (sum(line.cost[s.first : s.last + 1].sum() for s in segments if s.again)
                 for (segments,) in (choices(line, (3.0,)), choices(line, (1.0,))))  # fmt: skip
    assert few < many


def test_what_costs_most_per_byte_is_kept():
    # The first segment is the neediest, so two of the three after it fit in what it needs; the last always does.
    cost = np.repeat([1.0, 1.0, 1.0, 1.0, 1.0, 100.0, 50.0, 1.0], 10)
    line = Line(np.where(np.arange(80) % 10 == 9, 1.0, 10.0), np.ones(80), np.full(80, 2.0), cost, np.zeros(80))
    assert [s.again for s in _keep(line, [39, 49, 59, 69, 79])] == [True, True, False, False, False]


def test_nothing_to_cut():
    one = Line(np.zeros(1), np.ones(1), np.ones(1), np.ones(1), np.zeros(1))
    assert [len(s) for s in choices(one, (1.0, 2.0))] == [1]


def test_what_is_kept_anyway_counts_in_every_segment_after_it():
    line = chain(40)
    half = Line(line.crossing, line.read / 2, line.passing, line.cost, line.read / 2)
    (segments,), (free,) = choices(half, (1.0,)), choices(line, (1.0,))
    # Little is left to save: twenty of forty bytes stay, and longer segments are as good as short ones.
    assert len(segments) <= len(free)
