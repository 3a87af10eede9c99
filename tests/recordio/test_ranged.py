"""Records by number and key of files read in pieces: as the mapped reader gives them, damage included."""

from __future__ import annotations

import random
from array import array

import pytest

from recordio import ranged
from recordio.errors import DamageError
from recordio.index import Index, scan_index
from recordio.indexed import IndexedReader, ShardedReader
from recordio.ranged import RangedReader


def each(reader):
    found = []
    for number in range(len(reader)):
        try:
            found.append(bytes(reader[number]))
        except DamageError as error:
            found.append((str(error), error.resume))
    return found


def test_records_by_number_and_key(write, samples, pieces):
    path = write(samples, keys=[5 * i + 3 for i in range(len(samples))])
    file = pieces(path.read_bytes())
    with IndexedReader(path) as mapped:
        reader = RangedReader(file, mapped.index, str(path))
        assert len(reader) == len(samples) and list(reader) == samples
        assert reader.get(8) == samples[1]
        with pytest.raises(KeyError):
            reader.get(7)
        for number in (-1, len(samples)):
            with pytest.raises(IndexError, match=f"a.rec: record {number} of {len(samples)}"):
                reader[number]
    file.asked.clear()
    reader[3], reader[len(samples) - 1]
    offsets = reader.index.offsets
    assert file.asked == [(offsets[3], offsets[4] + 8 - offsets[3]), (offsets[-1], len(file.data) - offsets[-1])]


@pytest.mark.parametrize("at_once", [1, 20, 1 << 22])
def test_damage_and_wrong_offsets_are_told_as_of_a_mapped_file(sample_file, mutate, monkeypatch, at_once, pieces):
    monkeypatch.setattr(ranged, "AT_ONCE", at_once)
    good, chance = sample_file.read_bytes(), random.Random(3)
    index = scan_index(sample_file)
    wrong = Index(array("Q", sorted(chance.randrange(len(good) + 40) for _ in range(40))))
    for _ in range(150):
        data = mutate(good, chance)
        sample_file.write_bytes(data)
        for given in (index, wrong):
            with IndexedReader(sample_file, index=given) as mapped:
                assert each(RangedReader(pieces(data), given, str(sample_file))) == each(mapped)


def test_an_index_that_leaves_records_out_costs_no_more_than_a_piece(write, monkeypatch, pieces):
    monkeypatch.setattr(ranged, "AT_ONCE", 64)
    path = write([b"x" * 40] * 100)
    file = pieces(path.read_bytes())
    reader = RangedReader(file, Index(array("Q", [0])), "a.rec")
    assert reader[0] == b"x" * 40 and file.asked == [(0, 64)]


def test_what_is_announced_and_closed(sample_file, samples, pieces):
    file, index = pieces(sample_file.read_bytes()), scan_index(sample_file)
    with RangedReader(file, index, "a.rec") as reader:
        reader.will_need(3)
        assert file.announced == [(index.offsets[3], index.offsets[4] + 8 - index.offsets[3])] and not file.asked
    assert file.closed


def test_shards_may_be_of_both_kinds(write, samples, pieces):
    here, there = write(samples), write([b"one", b"two"], "b.rec")
    file = pieces(there.read_bytes())
    with ShardedReader([here, RangedReader(file, scan_index(there), "b.rec")]) as reader:
        assert list(reader) == [*samples, b"one", b"two"]
        reader.will_need(len(samples))
        assert file.announced
    assert file.closed
