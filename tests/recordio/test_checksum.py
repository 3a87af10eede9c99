"""Checksum files: what they say, what they find, and that damage to themselves shows."""

from __future__ import annotations

import hashlib
import random
import zlib

import pytest

from recordio import checksum
from recordio.checksum import Checksums, verify, write_checksums
from recordio.errors import ChecksumError, DamageError
from recordio.files import Mapped, crc_path
from recordio.format import MAGIC


def test_the_file_says_what_it_is(write):
    path = write([b"abcde", b""])
    head, rows = crc_path(path).read_bytes()[:256].decode(), crc_path(path).read_bytes()[256:]
    lines = head.rstrip().split("\n")
    assert lines[:5] == [
        "recordio-checksums 1",
        "algorithm crc32 (zlib)",
        "records 2",
        "size 24",
        f"sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}",
    ]
    assert lines[5] == f"table {zlib.crc32(rows):08x}" and head.endswith(" \n")
    assert rows == bytes(8) + b"\5\0\0\0" + zlib.crc32(b"abcde").to_bytes(4, "little") + b"\x10" + bytes(15)


def test_made_later_it_is_the_same(write, samples):
    path = write(samples)
    first = crc_path(path).read_bytes()
    crc_path(path).unlink()
    assert write_checksums(path) == crc_path(path) and crc_path(path).read_bytes() == first
    assert verify(path) == []


def test_a_damaged_file_gets_none(write):
    path = write([b"abc"], checksum=False)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamageError):
        write_checksums(path)
    assert sorted(p.name for p in path.parent.iterdir()) == ["a.idx", "a.rec"]


def test_any_change_of_a_bit_is_found(write):
    path = write([b"abcde", b"1234" + MAGIC + b"5", b""])
    good = path.read_bytes()
    for at in range(len(good)):
        for bit in range(8):
            path.write_bytes(good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1 :])
            assert verify(path)
    path.write_bytes(good)
    assert verify(path) == []


def test_after_a_record_of_another_length_every_place_is_looked_at(write):
    """A wrong length hides the records in between; a wrong byte does not."""
    path = write([b"abcde", b"fghij"])
    with Mapped(path) as mapped:
        sums = Checksums(path, mapped.size)
        for payload, resume in ((b"abcd", 4), (b"abcdX", 16)):
            with pytest.raises(DamageError) as found:
                sums.check(0, memoryview(payload), 0, 16)
            assert found.value.resume == resume


def test_findings_name_their_records(write):
    path = write([b"abcd", b"efgh", b"ijkl", b"mnop"])
    data = path.read_bytes().replace(b"efgh", b"efgx").replace(b"mnop", b"mnox")
    path.write_bytes(data[:24] + b"?" + data[25:])
    assert [(e.record, e.offset) for e in verify(path)] == [(1, 12), (2, 24), (3, 36)]
    assert all(str(e).startswith(f"{path}: offset {e.offset}: record {e.record}: ") for e in verify(path))


def test_findings_are_limited(write, monkeypatch):
    monkeypatch.setattr(checksum, "LISTED", 3)
    path = write([b"abcd"] * 9)
    path.write_bytes(path.read_bytes().replace(b"abcd", b"abcx"))
    assert len(verify(path)) == 3


def test_another_file_of_equal_records_is_found(write):
    path, other = write([b"a" * 20, b"b"]), write([b"a" * 20], "b.rec")
    path.write_bytes(other.read_bytes() + b"\0" * 12)
    assert verify(path)


def test_a_file_of_another_size_is_another_file(write):
    path = write([b"abcd"])
    path.write_bytes(path.read_bytes() + MAGIC + bytes(4))
    with pytest.raises(ChecksumError, match="made of a file of 12 bytes, but .* has 20"):
        verify(path)


def test_no_file(write):
    with pytest.raises(ChecksumError, match=r"a\.rec\.crc: not there.*write_checksums"):
        verify(write([b"a"], checksum=False))


def test_any_damage_to_the_checksums_shows(write):
    path = write([b"abcde", b"fg"])
    good = crc_path(path).read_bytes()
    damaged = [good[:at] for at in range(len(good))]
    damaged += [
        good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1 :] for at in range(len(good)) for bit in range(8)
    ]
    for data in damaged:
        crc_path(path).write_bytes(data)
        with pytest.raises(ChecksumError):
            verify(path)


def test_mutated_checksums_raise_or_are_the_same(write, mutate):
    path, chance = write([b"abcde", b"fg"]), random.Random(2)
    good = crc_path(path).read_bytes()
    for _ in range(1000):
        data = mutate(good, chance)
        crc_path(path).write_bytes(data)
        if data == good:
            assert verify(path) == []
        else:
            with pytest.raises(ChecksumError):
                verify(path)


def test_records_are_found_by_their_offset(write):
    path = write([b"x" * i for i in range(50)])
    with Mapped(path) as mapped:
        sums = Checksums(path, mapped.size)
        offsets = [sums.row(i)[0] for i in range(50)]
        for number in (0, 1, 2, 49, 7, 8, 0):
            assert sums.find(offsets[number]) == number
        assert sums.find(4) is None and sums.find(10**9) is None


def test_a_record_where_none_should_start(write):
    path = write([b"x" * 40, b"y"])
    with Mapped(path) as mapped:
        sums = Checksums(path, mapped.size)
        with pytest.raises(DamageError, match="offset 16: record 0: no record starts here"):
            sums.check(16, memoryview(b"x"), 0, 20)
        with pytest.raises(DamageError, match="expected a payload of 40 bytes, got 1"):
            sums.check(0, memoryview(b"x"), 0, 20)
