"""Every cut, every flipped bit and many random mutations of whole data sets: an error, or what is written down here.

What the format itself cannot show: a changed payload; a length changed by less than the padding, if the bytes that come
into the record or go out of it are zero; a length that by chance ends where a later record starts, so that the record
swallows those between. With checksums nothing goes unseen.
"""

from __future__ import annotations

import os
import random
from bisect import bisect_right

import pytest

from recordio.errors import DamageError, HeaderError, RecordIOError
from recordio.files import idx_path
from recordio.format import MAGIC, encode
from recordio.header import Header, pack, unpack
from recordio.index import load_idx, scan_index
from recordio.indexed import IndexedReader
from recordio.reader import Reader


@pytest.fixture
def images(samples):
    """Image records of several kinds, and records that are none."""
    return [pack(Header(3.0, 7), b"abcde"), pack(Header((1.0, 2.5), 8), b"xyz"), *samples]


def stopping(path, **options):
    """(Records before the first damage, whether there was any)."""
    found = []
    try:
        for record in Reader(path, **options):
            found.append(bytes(record))
    except DamageError as error:
        assert str(path) in str(error) and error.record == len(found)
        return found, True
    return found, False


def test_a_cut_anywhere_but_between_records_is_an_error(write, images):
    path = write(images)
    good, starts = path.read_bytes(), [offset for _, offset, _ in Reader(path).located()]
    ends = [*starts[1:], len(good)]
    for size in range(len(good)):
        path.write_bytes(good[:size])
        found, damaged = stopping(path)
        whole = sum(end <= size for end in ends)
        assert found == images[:whole]
        assert damaged == (size not in (0, *ends))
        reader = Reader(path, on_error="skip")
        assert list(reader) == images[:whole]
        assert reader.losses.bytes == size - (ends[whole - 1] if whole else 0)


def test_any_flipped_bit_is_seen_or_changes_a_payload_only(write, images):
    path = write(images)
    good, unseen = path.read_bytes(), 0
    for at in range(len(good)):
        for bit in range(8):
            path.write_bytes(good[:at] + bytes([good[at] ^ 1 << bit]) + good[at + 1 :])
            found, damaged = stopping(path)
            checked, bad = stopping(path, verify=True)
            # Where the parts stand is read before what is in them.
            assert bad and checked == images[: len(checked)]
            if damaged:
                assert found == images[: len(found)]
            else:
                unseen += 1
                (new,) = [record for record in found if record not in images] or [images[0]]
                # Where a part swallows others, a writer would have cut it.
                if b"".join(encode(new)) in path.read_bytes():
                    old = images[found.index(new)]
                    assert len(found) == len(images)
                    assert len(new) == len(old) or new.rstrip(b"\0") == old.rstrip(b"\0")
    assert unseen < 8 * len(b"".join(images)) + 3 * len(images)


def test_skipping_loses_no_record_but_the_damaged_one_and_the_one_before(write, images):
    path = write(images)
    good, starts = path.read_bytes(), [offset for _, offset, _ in Reader(path).located()]
    for at in range(0, len(good), 4):
        hit = bisect_right(starts, at) - 1
        for word in (bytes(4), b"\xff\xff\xff\x1f", b"\4\0\0\0", MAGIC):
            path.write_bytes(good[:at] + word + good[at + 4 :])
            kept = [bytes(record) for record in Reader(path, on_error="skip")]
            assert kept[: max(hit - 1, 0)] == images[: max(hit - 1, 0)]
            assert kept[len(kept) - (len(images) - hit - 1) :] == images[hit + 1 :]


def check_all(path):
    """Read a file in every way; any error is one of ours and the ways agree."""
    found, damaged = stopping(path)
    reader = Reader(path, on_error="skip")
    kept = []
    for record in reader:
        kept.append(bytes(record))
        try:
            unpack(record)
        except HeaderError:
            pass
    assert kept[: len(found)] == found
    assert bool(reader.losses.records) == damaged
    assert reader.losses.bytes <= path.stat().st_size
    try:
        assert len(scan_index(path)) == len(found) and not damaged
    except DamageError:
        assert damaged
    try:
        with IndexedReader(path, index=load_idx(path)) as indexed:
            for number in range(len(indexed)):
                try:
                    indexed[number]
                except DamageError as error:
                    assert error.record == number
    except RecordIOError as error:
        assert str(path.parent) in str(error)


def overwrite(path, data):
    """As write_bytes, but in place: some file systems bring a file that was emptied first to the disk at once."""
    with open(path, "r+b") as file:
        file.write(data)
        file.truncate()


def fuzz(path, count, mutate, chance):
    """Damage `count` data sets, each in its `.rec`, its `.idx` or both."""
    rec, idx = path.read_bytes(), idx_path(path).read_bytes()
    for turn in range(count):
        overwrite(path, mutate(rec, chance) if turn % 4 else rec)
        overwrite(idx_path(path), idx if turn % 4 in (1, 2) else mutate(idx, chance))
        check_all(path)


def seed(request):
    return f"{request.node.name} {request.config.getoption('--seed')}"


@pytest.mark.parametrize("lane", [0, 1])
def test_mutated_files(write, images, mutate, lane, request):
    before = peak_memory()
    fuzz(write(images), 10_000, mutate, random.Random(seed(request)))
    assert peak_memory() - before < 64 << 20


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_many_mutated_files(write, images, mutate, request):
    before = peak_memory()
    fuzz(write(images), 100_000, mutate, random.Random(seed(request)))
    assert peak_memory() - before < 64 << 20


def peak_memory():
    with open(f"/proc/{os.getpid()}/status", encoding="ascii") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
