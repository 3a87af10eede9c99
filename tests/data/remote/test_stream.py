"""Streams: every record once, in an order that seed and epoch decide, within a window."""

from __future__ import annotations

import itertools

import pytest

from mxtrain.data.remote.stream import Part, stream
from recordio import DamageError, Losses
from recordio.format import byte_ranges, encode


class InMemory:
    def __init__(self, data):
        self.data = data

    def size(self):
        return len(self.data)

    def read(self, offset, length):
        return self.data[offset : offset + length]


RECORDS = [b"%d" % i * (i % 7) + b"|%d" % i for i in range(1000)]
FILE = InMemory(b"".join(itertools.chain.from_iterable(map(encode, RECORDS))))


def order(seed=1, epoch=0, window=50, file=FILE, **options):
    return [int(bytes(s.payload).rpartition(b"|")[2]) for s in stream(file, "a.rec", (seed, epoch), window, **options)]


@pytest.mark.parametrize("window", [1, 2, 50, 1000, 5000])
def test_every_record_once(window):
    found = order(window=window)
    assert sorted(found) == list(range(1000))
    assert (found == sorted(found)) == (window == 1)


def test_seed_and_epoch_decide():
    assert order() == order()
    assert len({tuple(order(seed, epoch)) for seed in (1, 2) for epoch in (0, 1)}) == 4


def test_none_comes_earlier_than_the_window_allows():
    found = order(window=50)
    assert all(number <= place + 50 for place, number in enumerate(found))
    moved = sum(abs(number - place) for place, number in enumerate(found)) / 1000
    assert 10 < moved < 100


def test_a_window_of_all_is_a_fair_shuffle():
    firsts = [order(seed, window=1000, file=InMemory(FILE.data[:0] + b"".join(
        itertools.chain.from_iterable(map(encode, RECORDS[:4])))))[0] for seed in range(400)]  # fmt: skip
    assert all(60 < firsts.count(number) < 140 for number in range(4))


@pytest.mark.parametrize("parts", [1, 3, 8])
def test_parts_hold_every_record_once(parts):
    found = []
    for part in range(parts):
        [(start, stop)] = byte_ranges([FILE.size()], parts, part)
        found += order(part=Part(start, stop))
    assert sorted(found) == list(range(1000))


def test_damage():
    bad = InMemory(FILE.data[:4000] + b"!!!!!!!!" + FILE.data[4008:])
    with pytest.raises(DamageError, match="^a.rec: offset"):
        order(file=bad)
    losses = Losses()
    found = order(file=bad, losses=losses)
    assert losses.records and len(found) >= 996 and len(set(found)) == len(found)


def test_a_window_of_nothing():
    with pytest.raises(ValueError, match="at least 1"):
        order(window=0)
