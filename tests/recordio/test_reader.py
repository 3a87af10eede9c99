"""Files in order, and parts of them as MXNet divides."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordio.errors import ChecksumError, DamageError, RefusedError
from recordio.format import MAGIC
from recordio.reader import Reader
from recordio.writer import Writer


def parts(paths, count, **options):
    return [list(Reader(paths, num_parts=count, part_index=k, **options)) for k in range(count)]


def test_one_file_again_and_again(sample_file, samples):
    reader = Reader(sample_file)
    assert list(reader) == samples == list(reader) == list(Reader(str(sample_file)))


def test_several_files_are_one_data_set(write, samples):
    paths = [write(samples[:3], "a.rec"), write([], "b.rec"), write(samples[3:], "c.rec")]
    assert list(Reader(paths)) == samples
    assert [number for number, _, _ in Reader(paths).located()] == [0] * 3 + [2] * (len(samples) - 3)
    assert list(Reader([])) == []


def test_records_outlive_the_iteration(sample_file, samples):
    kept = list(Reader(sample_file))
    os.unlink(sample_file)
    assert kept == samples


def test_an_iteration_left_early_leaves_no_file_open(sample_file):
    before = os.listdir("/proc/self/fd")
    records = iter(Reader(sample_file))
    next(records)
    records.close()
    for _record in Reader(sample_file):
        break
    del _record
    assert os.listdir("/proc/self/fd") == before


def test_parts_hold_every_record_once(tmp_path, payloads):
    @given(st.lists(st.lists(payloads, max_size=6), min_size=1, max_size=3), st.integers(1, 9))
    def check(files, count):
        paths = [tmp_path / f"{i}.rec" for i in range(len(files))]
        for path, records in zip(paths, files, strict=True):
            with Writer(path) as writer:
                for record in records:
                    writer.write(record)
        assert sum(parts(paths, count, verify=True), []) == sum(files, [])

    check()


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("train", [[688, 692], [458, 458, 464], [343, 345, 344, 348]]),
        ("val", [[196, 196], [132, 130, 130], [100, 96, 98, 98]]),
    ],
)
def test_parts_are_mxnets(data_pack, name, counts):
    path = data_pack / f"mxnet/recs/cgzzt/{name}.rec"
    assert [[len(part) for part in parts(path, len(count))] for count in counts] == counts


@pytest.mark.data
def test_the_worked_example(data_pack):
    records = list(Reader(data_pack / "mxnet/format-fixtures/a.rec"))
    assert records[2:] == [b"1234" + MAGIC + b"5678", b"1" + MAGIC + b"56789", MAGIC + MAGIC + b"ab"]


def test_stop_delivers_what_comes_before(write):
    path = write([b"a", b"b", b"c", b"d"])
    path.write_bytes(path.read_bytes()[:24] + b"?" + path.read_bytes()[25:])
    records = iter(Reader(path))
    assert next(records) == b"a"
    with pytest.raises(DamageError, match="offset 12: record 1: at offset 24: expected the magic word"):
        next(records)


def test_skip_counts_and_goes_on(write):
    paths = [write([b"a", b"b", b"c", b"d"], name) for name in ("a.rec", "b.rec")]
    paths[0].write_bytes(paths[0].read_bytes()[:24] + b"?" + paths[0].read_bytes()[25:])
    reader = Reader(paths, on_error="skip")
    for _ in range(2):
        assert list(reader) == [b"a", b"d", b"a", b"b", b"c", b"d"]
        assert (reader.losses.records, reader.losses.bytes) == (1, 24)
        (damage,) = reader.losses.first
        assert (damage.path, damage.offset, damage.size, damage.record) == (str(paths[0]), 12, 24, 1)


def test_verify_finds_what_the_format_cannot(write):
    path = write([b"abcd", b"efgh", b"ijkl"])
    path.write_bytes(path.read_bytes().replace(b"efgh", b"efgx"))
    assert list(Reader(path)) == [b"abcd", b"efgx", b"ijkl"]
    with pytest.raises(DamageError, match="record 1: expected crc32 .* got"):
        list(Reader(path, verify=True))
    reader = Reader(path, verify=True, on_error="skip")
    assert list(reader) == [b"abcd", b"ijkl"]
    assert (reader.losses.records, reader.losses.bytes) == (1, 12)


def test_verify_needs_checksums(write):
    with pytest.raises(ChecksumError, match="not there"):
        list(Reader(write([b"a"], checksum=False), verify=True))


def test_a_file_that_changed_its_size_is_refused(write):
    path = write([b"a"])
    reader = Reader(path)
    write([b"a", b"b"])
    with pytest.raises(RefusedError, match="had 12 bytes, has 24; open it anew"):
        list(reader)


def test_a_file_that_vanished(write):
    path = write([b"a"])
    reader = Reader(path)
    os.unlink(path)
    for read in (lambda: list(reader), lambda: Reader(path)):
        with pytest.raises(FileNotFoundError, match=r"a\.rec"):
            read()


def test_wrong_arguments(sample_file):
    with pytest.raises(ValueError, match="on_error must be 'stop' or 'skip', got 'ignore'"):
        Reader(sample_file, on_error="ignore")
    with pytest.raises(ValueError, match="part_index"):
        Reader(sample_file, num_parts=2, part_index=2)
