"""Writing: MXNet's bytes, what is refused, and that no half file ever has the name."""

from __future__ import annotations

import os
import resource
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordio import files
from recordio.errors import RefusedError
from recordio.files import crc_path, idx_path
from recordio.format import LIMIT, MAGIC
from recordio.indexed import IndexedReader
from recordio.reader import Reader
from recordio.writer import Writer


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_bytes_are_mxnets(write, samples, by_words):
    path = write(samples)
    assert path.read_bytes() == b"".join(map(by_words, samples))
    assert idx_path(path).read_bytes().startswith(b"0\t0\n1\t8\n2\t20\n3\t32\n4\t72\n5\t88\n")


def test_any_records_come_back(tmp_path, payloads):
    @given(st.lists(payloads, max_size=6))
    def check(records):
        with Writer(tmp_path / "a.rec") as writer:
            offsets = [writer.write(record) for record in records]
        assert list(Reader(tmp_path / "a.rec", verify=True)) == records
        assert [offset for _, offset, _ in Reader(tmp_path / "a.rec").located()] == offsets

    check()


def test_records_reach_up_to_the_limit(tmp_path):
    @given(st.integers(1, 48), st.integers(-3, 2))
    def check(limit, more):
        record = (MAGIC * 13)[: max(limit + more, 0)]
        with Writer(tmp_path / "a.rec", limit=limit) as writer:
            if len(record) < limit:
                writer.write(record)
            else:
                with pytest.raises(RefusedError, match=f"a record must be shorter than {limit}"):
                    writer.write(record)
        assert list(Reader(tmp_path / "a.rec")) == [record] * (len(record) < limit)

    check()


def test_the_formats_limit_is_2_to_the_29(tmp_path):
    class Large(bytes):
        def __len__(self):
            return LIMIT

    with Writer(tmp_path / "a.rec") as writer:
        with pytest.raises(RefusedError, match="record 0: 536870912 bytes; a record must be shorter than 536870912"):
            writer.write(Large())
        writer.write(b"the writer goes on")
    assert list(Reader(tmp_path / "a.rec")) == [b"the writer goes on"]
    for limit in (0, LIMIT + 1):
        with pytest.raises(ValueError, match="limit must be"):
            Writer(tmp_path / "a.rec", limit=limit)


def test_any_bytes_are_written_and_measured_in_bytes(tmp_path):
    with Writer(tmp_path / "a.rec", limit=9) as writer:
        writer.write(bytearray(b"ab"))
        writer.write(memoryview(b"a-b-")[::2])
        writer.write(memoryview(b"12345678").cast("Q"))
        with pytest.raises(RefusedError, match="16 bytes"):
            writer.write(memoryview(bytes(16)).cast("Q"))
    assert list(Reader(tmp_path / "a.rec", verify=True)) == [b"ab", b"ab", b"12345678"]


def test_files_beside_it_are_optional(write):
    path = write([b"a"], index=False, checksum=False)
    assert names(path.parent) == ["a.rec"]


def test_a_new_file_takes_what_described_the_old_one_with_it(write):
    path = write([b"a", b"b"])
    IndexedReader(path).close()
    assert names(path.parent) == ["a.idx", "a.rec", "a.rec.crc", "a.rec.index"]
    write([b"c"], index=False, checksum=False)
    assert names(path.parent) == ["a.rec"] and list(Reader(path)) == [b"c"]


def test_nothing_has_the_name_before_the_end(tmp_path):
    with Writer(tmp_path / "a.rec") as writer:
        writer.write(b"a" * 10**7)
        assert all(name.startswith(".tmp-") for name in names(tmp_path))
    assert names(tmp_path) == ["a.idx", "a.rec", "a.rec.crc"]


def test_an_exception_leaves_no_trace(write, samples):
    path = write(samples)
    with pytest.raises(ZeroDivisionError), Writer(path) as writer:
        writer.write(b"a")
        writer.write(bytes(1 // 0))
    assert list(Reader(path, verify=True)) == samples
    assert names(path.parent) == ["a.idx", "a.rec", "a.rec.crc"]


def test_abort_and_close_are_final(tmp_path):
    writer = Writer(tmp_path / "a.rec")
    writer.abort()
    writer.close()
    assert names(tmp_path) == []
    with pytest.raises(RefusedError, match="the writer is closed"):
        writer.write(b"a")
    with Writer(tmp_path / "a.rec") as writer:
        writer.close()
        writer.close()
    assert list(Reader(tmp_path / "a.rec")) == []


@pytest.mark.parametrize("keys", [[5, 5], [0, 300, 0], [2**64], [-1], [7, None, 1]])
def test_keys_are_unsigned_and_unlike(tmp_path, keys):
    with Writer(tmp_path / "a.rec") as writer, pytest.raises(RefusedError, match=f"record {len(keys) - 1}: key"):
        for key in keys:
            writer.write(b"a", key)
    assert len(list(Reader(tmp_path / "a.rec"))) == len(keys) - 1
    assert idx_path(tmp_path / "a.rec").read_bytes().count(b"\n") == len(keys) - 1


def test_without_an_index_keys_do_not_matter(write):
    assert len(list(Reader(write([b"a", b"b"], keys=[1, 1], index=False)))) == 2


def test_the_name_of_the_index_is_refused(tmp_path):
    with pytest.raises(RefusedError, match=r"expected NAME\.rec"):
        Writer(tmp_path / "a.idx")


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        Writer(tmp_path / "none/a.rec")


@pytest.mark.parametrize("room", [0, 1, 300, 100_000, 1_000_000, 2_999_000, 3_000_100])
@pytest.mark.parametrize("caught_inside", [False, True])
def test_a_full_disk_leaves_the_old_file(write, room, caught_inside):
    path = write([b"old"])
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises((OSError, RefusedError)) as caught, Writer(path) as writer:
            for _ in range(1000):
                try:
                    writer.write(b"a" * 3000)
                except OSError:
                    if not caught_inside:
                        raise
                    break
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert "File too large" in str(caught.value) or "not made: an earlier record" in str(caught.value)
    assert list(Reader(path, verify=True)) == [b"old"]
    assert names(path.parent) == ["a.idx", "a.rec", "a.rec.crc"]


@pytest.mark.parametrize("turn", range(1, 10))
def test_a_kill_at_any_call_leaves_one_of_both_files(write, monkeypatch, turn):
    path = write([b"old"])
    calls = []

    def dying(real):
        def call(*args):
            calls.append(args)
            if len(calls) >= turn:
                raise KeyboardInterrupt
            return real(*args)

        return call

    with monkeypatch.context() as patch:
        writer = Writer(path)
        writer.write(b"new")
        for name in ("fsync", "rename", "unlink"):
            patch.setattr(files.os, name, dying(getattr(os, name)))
        # A killed process cleans nothing up.
        patch.setattr(files.Pending, "discard", lambda self: None)
        with pytest.raises(KeyboardInterrupt):
            writer.close()
    found = list(Reader(path))
    assert found in ([b"old"], [b"new"])
    if crc_path(path).exists():
        assert list(Reader(path, verify=True)) == found
    with Writer(path) as again:
        again.write(b"again")
    assert list(Reader(path, verify=True)) == [b"again"]
    assert names(path.parent) == ["a.idx", "a.rec", "a.rec.crc"]


@pytest.mark.data
@pytest.mark.parametrize(
    "name",
    [
        "format-fixtures/a",
        "recs/cgzzt/train",
        "recs/cgzzt/val",
        "recs/cnocr/sample-data_test",
        "recs/cnocr/sample-data_train",
    ],
)
def test_real_files_are_rewritten_byte_for_byte(data_pack, write, name):
    source = data_pack / f"mxnet/{name}.rec"
    with IndexedReader(source) as reader:
        keys = [reader.index.key(i) for i in range(len(reader))]
        path = write(reader, keys=keys)
    assert path.read_bytes() == source.read_bytes()
    if idx_path(source).exists():
        assert idx_path(path).read_bytes() == idx_path(source).read_bytes()
