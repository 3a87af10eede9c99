"""Indexes: from a walk, from `.idx`, from the cache, which never tells of other files than these."""

from __future__ import annotations

import os
import random
from array import array

import pytest

from recordio import IndexedReader
from recordio import index as module
from recordio.errors import DamageError, LineError, RefusedError
from recordio.files import cache_path, idx_path
from recordio.idx import parse_idx, write_idx
from recordio.index import Index, cached_index, load_idx, make_index, open_index, scan_index


def numbers(index):
    return [(index.key(i), index.offsets[i]) for i in range(len(index))]


@pytest.fixture
def shuffled(write):
    """A file whose keys come in no order, and its keys."""
    keys = [0, 4, 7, 5, 1, 6, 2**64 - 1]
    return write([bytes([i]) * i for i in range(7)], keys=keys), keys


def test_a_walk_counts_keys_from_0(sample_file, samples):
    index = scan_index(sample_file)
    assert len(index) == len(samples) and [index.key(i) for i in range(3)] == [0, 1, 2]
    assert numbers(index) == numbers(load_idx(sample_file))


def test_a_walk_past_damage(write):
    path = write([bytes([i]) * 50 for i in range(9)])
    offsets = list(scan_index(path).offsets)
    content = bytearray(path.read_bytes())
    content[offsets[2]] ^= 1
    content[offsets[3]] ^= 1
    content[offsets[6]] ^= 1
    path.write_bytes(content[:-20])
    idx_path(path).unlink()
    for strict in (scan_index, open_index):
        with pytest.raises(DamageError, match="record 1"):
            strict(path)
    # A record is not believed if the next does not begin where it ends. One region counts as one record.
    for index in (scan_index(path, "skip"), open_index(path, "skip"), open_index(path)):
        assert list(index.offsets) == [offsets[i] for i in (0, 1, 4, 5, 7, 8)]
    with IndexedReader(path) as reader:
        assert [reader[i][0] for i in (0, 2, 4)] == [0, 4, 7]
        for number in (1, 3, 5):
            with pytest.raises(DamageError, match=f"record {number}"):
                reader[number]


@pytest.mark.parametrize("lines_turned", [False, True])
def test_keys_in_any_order(shuffled, lines_turned):
    path, keys = shuffled
    if lines_turned:
        lines = idx_path(path).read_text().splitlines(keepends=True)
        idx_path(path).write_text("".join(reversed(lines)))
    for index in (load_idx(path), open_index(path), open_index(path)):
        assert [index.key(i) for i in range(len(index))] == keys
        assert [index.number(key) for key in keys] == list(range(len(keys)))
        for key in (2, 3, 8, 2**64 - 2, -1):
            with pytest.raises(KeyError):
                index.number(key)


def test_rising_keys_need_no_order(write):
    index = load_idx(write([b"a", b"b", b"c"], keys=[3, 9, 10]))
    assert not index.numbers and [index.number(k) for k in (3, 9, 10)] == [0, 1, 2]
    with pytest.raises(KeyError):
        index.number(4)


def test_keys_that_count_up_need_no_column(write):
    index = load_idx(write([b"a", b"b", b"c"], keys=[8, 9, 10]))
    assert not index.keys and index.first == 8 and index.number(10) == 2
    for key in (7, 11):
        with pytest.raises(KeyError):
            index.number(key)


def test_many_keys_are_sorted_in_runs(write, monkeypatch):
    monkeypatch.setattr(module, "RUN", 10)
    keys = random.Random(0).sample(range(10**6), 95)
    index = load_idx(write([b"x"] * 95, keys=keys))
    assert list(index.sorted_keys) == sorted(keys)
    assert [index.number(key) for key in keys] == list(range(95))


def test_the_cache_is_used(sample_file, monkeypatch):
    expected = numbers(open_index(sample_file))
    monkeypatch.setattr(module, "load_idx", lambda path, on_error: pytest.fail("the cache was not used"))
    index = open_index(sample_file)
    assert numbers(index) == expected and isinstance(index.offsets, memoryview)


def test_without_idx_the_walk_is_cached(write, samples, monkeypatch):
    path = write(samples, index=False)
    expected = numbers(open_index(path))
    monkeypatch.setattr(module, "scan_index", lambda path, on_error: pytest.fail("the cache was not used"))
    assert numbers(open_index(path)) == expected


def test_the_cache_follows_the_files(write, samples):
    path = write(samples)
    open_index(path)
    write_idx(idx_path(path), [(5, 0)])
    assert numbers(open_index(path)) == [(5, 0)]
    idx_path(path).unlink()
    assert len(open_index(path)) == len(samples)
    path.write_bytes(path.read_bytes()[:8])
    assert len(open_index(path)) == 1
    old = cache_path(path).read_bytes()
    os.utime(path, ns=(0, -5))
    assert len(open_index(path)) == 1 and cache_path(path).read_bytes() != old


@pytest.mark.parametrize("keys", [None, [3, 9, 10], [9, 3, 10]])
def test_any_damage_to_the_cache_makes_it_anew(write, keys):
    path = write([b"a", b"bcdefg", b"c"], keys=keys)
    expected = numbers(open_index(path))
    good = cache_path(path).read_bytes()
    for at in range(len(good)):
        cache_path(path).write_bytes(good[:at])
        assert numbers(open_index(path)) == expected
        for bit in (0, 7):
            cache_path(path).write_bytes(good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1 :])
            assert numbers(open_index(path)) == expected
        assert cache_path(path).read_bytes() == good


def test_a_cache_that_cannot_be_written_is_done_without(sample_file, monkeypatch, samples):
    def refuse(*_):
        raise PermissionError(13, "no")

    monkeypatch.setattr(module, "Pending", refuse)
    assert len(open_index(sample_file)) == len(samples)
    assert not cache_path(sample_file).exists()


def test_an_empty_file_has_an_empty_index(write):
    path = write([])
    for _ in range(2):
        assert len(open_index(path)) == 0
    assert len(Index(())) == 0


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (b"", RefusedError, "empty, but .* has 28 bytes"),
        (b"0\t0\n1\t2\n", LineError, "a.idx:2: expected an offset divisible by 4 in a file of 28 bytes, got 2"),
        (b"0\t28\n", LineError, "a.idx:1: .* got 28"),
        (b"7\t0\n3\t16\n7\t16\n", RefusedError, "key 7 occurs twice, at the offsets 0 and 16"),
        (b"7\t0\n7\t16\n", RefusedError, "key 7 occurs twice"),
        (b"0\t0\n1\t1", LineError, "the file was cut"),
    ],
)
def test_wrong_indexes_are_refused(write, content, error, says):
    path = write([b"abcdefg", b"abcd"])
    idx_path(path).write_bytes(content)
    with pytest.raises(error, match=says):
        open_index(path)


def test_a_damaged_record_ends_the_walk(write):
    path = write([b"a", b"b"], index=False)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamageError, match="offset 12: record 1: expected 4 bytes, got 3"):
        open_index(path)


def test_a_cache_is_used_while_its_stamp_holds(tmp_path):
    made = []

    def make():
        made.append(1)
        return Index(array("Q", [0, 12]), keys=array("Q", [4, 9]))

    for stamp, times in (((1, 2, 3, 4), 1), ((1, 2, 3, 4), 1), ((1, 2, 3, 5), 2)):
        index = cached_index(tmp_path / "any.index", stamp, make)
        assert (list(index.offsets), list(index.keys), len(made)) == ([0, 12], [4, 9], times)
    (tmp_path / "any.index").write_bytes(b"RECINDEX garbage")
    assert len(cached_index(tmp_path / "any.index", stamp, make)) == 2 and len(made) == 3
    assert len(cached_index(tmp_path / "no folder" / "any.index", stamp, make)) == 2


def test_lines_of_an_index_elsewhere(tmp_path):
    keys, offsets = parse_idx([b"7\t", b"12\n3", b"\t0\n"], "s3://b/a.idx")
    index = make_index(keys, offsets, 30, "s3://b/a.rec", "s3://b/a.idx")
    assert (list(index.offsets), index.number(7)) == ([0, 12], 1)
    with pytest.raises(LineError, match="^s3://b/a.idx:1: expected an offset .* is this the index of s3://b/a.rec"):
        make_index(*parse_idx([b"7\t12\n"], "i"), 16, "s3://b/a.rec", "s3://b/a.idx")
    with pytest.raises(RefusedError, match="^s3://b/a.idx: empty, but s3://b/a.rec has 16 bytes"):
        make_index(array("Q"), array("Q"), 16, "s3://b/a.rec", "s3://b/a.idx")
