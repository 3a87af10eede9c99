"""Records by number and by key, of one file and of many."""

from __future__ import annotations

import threading

import pytest

from recordio import indexed
from recordio.errors import ChecksumError, DamageError, RecordIOError
from recordio.files import idx_path
from recordio.idx import write_idx
from recordio.index import Index
from recordio.indexed import IndexedReader, ShardedReader


def test_by_number_and_by_key(write, samples):
    keys = [3 * i + 1 for i in reversed(range(len(samples)))]
    with IndexedReader(write(samples, keys=keys), verify=True) as reader:
        assert len(reader) == len(samples) and list(reader) == samples
        for number in (4, 0, 10, 4):
            reader.will_need(number)
            assert reader[number] == samples[number] == reader.get(keys[number])


def test_what_is_not_there(sample_file, samples):
    with IndexedReader(sample_file) as reader:
        for number in (-1, len(samples)):
            with pytest.raises(IndexError, match=f"record {number} of {len(samples)}"):
                reader[number]
        with pytest.raises(KeyError):
            reader.get(99)
    with pytest.raises(FileNotFoundError):
        IndexedReader(sample_file.with_name("b.rec"))


def test_records_outlive_the_reader(sample_file, samples):
    with IndexedReader(sample_file) as reader:
        kept = list(reader)
    assert kept == samples


def test_an_index_of_another_file_shows(write, samples):
    path = write(samples)
    write_idx(idx_path(path), [(0, 0), (1, 4)])
    with IndexedReader(path) as reader:
        assert reader[0] == b""
        with pytest.raises(DamageError, match="offset 4: record 1: expected the magic word.*said by its index"):
            reader.get(1)


def test_an_index_may_be_given(sample_file, samples):
    with IndexedReader(sample_file, index=Index([8])) as reader:
        assert list(reader) == [samples[1]]


def test_verify_finds_a_changed_payload(write):
    path = write([b"abcd", b"efgh"])
    path.write_bytes(path.read_bytes().replace(b"efgh", b"efgx"))
    with IndexedReader(path) as reader:
        assert reader[1] == b"efgx"
    with IndexedReader(path, verify=True) as reader:
        assert reader[0] == b"abcd"
        with pytest.raises(DamageError, match="offset 12: record 1: expected crc32"):
            reader[1]


def test_verify_needs_checksums(write, samples):
    with pytest.raises(ChecksumError, match="not there"):
        IndexedReader(write(samples, checksum=False), verify=True)


def test_pages_are_given_back_and_come_again(sample_file, samples, monkeypatch):
    monkeypatch.setattr(indexed, "WINDOW", 0)
    with IndexedReader(sample_file) as reader:
        mapped = reader._mapped
        assert list(reader) == samples == list(reader)
        assert reader._mapped is not mapped


def test_many_threads(write):
    records = [bytes([i]) * (i * 50) for i in range(200)]
    wrong = []
    with IndexedReader(write(records), verify=True) as reader:

        def work(step):
            wrong.extend(i for i in range(0, 200 * step, step) if reader[i % 200] != records[i % 200])

        threads = [threading.Thread(target=work, args=(step,)) for step in (1, 3, 7, 11)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong


def test_shards_are_numbered_through(write, samples):
    paths = [write(samples[:4], "a.rec"), write([], "b.rec"), write(samples[4:], "c.rec")]
    with ShardedReader(paths, verify=True) as reader:
        assert len(reader) == len(samples) and list(reader) == samples
        assert [reader.locate(i) for i in (0, 3, 4, 10)] == [(0, 0), (0, 3), (2, 0), (2, 6)]
        reader.will_need(4)
        for number in (-1, len(samples)):
            with pytest.raises(IndexError, match=f"record {number} of {len(samples)}"):
                reader[number]
    with ShardedReader([]) as reader:
        assert len(reader) == 0 and list(reader) == []


def test_a_wrong_shard_closes_the_others(write, samples, tmp_path):
    (tmp_path / "b.rec").write_bytes(b"not a record")
    with pytest.raises(RecordIOError, match=r"b\.rec: offset 0: record 0: expected the magic word"):
        ShardedReader([write(samples), tmp_path / "b.rec"])
