"""Files read in pieces: what comes out is what the mapped readers give, whatever the pieces and the damage."""

from __future__ import annotations

import random
import tracemalloc
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordio.errors import DamageError
from recordio.files import Mapped
from recordio.format import MAGIC, byte_ranges, encode, find_start
from recordio.ranges import Window, scan_ranges, span_of
from recordio.scan import Losses, scan


def outcome(records, losses):
    """All that a walk shows: records, the error that ended it, what was skipped."""
    found = []
    try:
        for offset, payload in records:
            assert payload.readonly
            found.append((offset, bytes(payload)))
    except DamageError as error:
        return found, str(error), error.resume, losses
    return found, None, None, losses


@pytest.fixture
def agree(pieces):
    return partial(compare, pieces)


def compare(pieces, path, data, block, span=None):
    for skip in (False, True):
        ours, theirs = (Losses() if skip else None for _ in range(2))
        file = pieces(data)
        with Mapped(path) as mapped:
            expected = outcome(scan(mapped, "a.rec", span, theirs), theirs)
        assert outcome(scan_ranges(file, "a.rec", span, ours, block=block), ours) == expected
        ends = [offset + length for offset, length in file.asked]
        assert [offset for offset, _ in file.asked[1:]] == ends[:-1], "each byte once, in order"


def test_whole_files_at_any_block(payloads, tmp_path, agree):
    @given(st.lists(payloads, max_size=6), st.integers(1, 40))
    def check(records, block):
        data = b"".join(piece for record in records for piece in encode(record))
        (tmp_path / "a.rec").write_bytes(data)
        agree(tmp_path / "a.rec", data, block)

    check()


def test_damaged_files_at_any_block(sample_file, mutate, agree):
    good = sample_file.read_bytes()

    @settings(max_examples=400, deadline=None)
    @given(st.integers(0, 1 << 32), st.integers(1, 120))
    def check(seed, block):
        data = mutate(good, random.Random(seed))
        sample_file.write_bytes(data)
        agree(sample_file, data, block)

    check()


def test_every_cut(sample_file, agree):
    good = sample_file.read_bytes()
    for size in range(len(good)):
        sample_file.write_bytes(good[:size])
        agree(sample_file, good[:size], 16)


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
@pytest.mark.parametrize("block", [1, 8, 13, 1 << 20])
def test_parts_hold_every_record_once(sample_file, samples, parts, block, pieces, agree):
    data, found = sample_file.read_bytes(), []
    for part in range(parts):
        [(start, stop)] = byte_ranges([len(data)], parts, part)
        span = span_of(pieces(data), start, stop, block)
        assert span == ((find_start(data, start) if start else 0), find_start(data, stop))
        found += [bytes(payload) for _, payload in scan_ranges(pieces(data), "a.rec", span, block=block)]
        agree(sample_file, data, block, span)
    assert found == samples


def test_starts_are_found_wherever_a_window_ends(pieces):
    data = b"xx" + MAGIC + bytes(6) + MAGIC + b"\0\0\0\x40" + MAGIC + bytes(4) + b"abcd"
    for block in range(1, 40):
        for offset in range(len(data)):
            window = Window(pieces(data), offset & -4, block)
            assert window.find(offset, len(data)) == find_start(data, offset)
    assert Window(pieces(data), 0, 4).find(0, 12) == 12


def test_checks_are_made(pieces):
    data, seen = b"".join(encode(b"abc")), []
    for _ in scan_ranges(pieces(data), "a.rec", check=lambda *facts: seen.append(facts)):
        pass
    assert seen == [(0, b"abc", 0, 12)]


def test_what_a_file_raises_comes_through(pieces):
    class Gone(pieces):
        def read(self, offset, length):
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(scan_ranges(Gone(bytes(100)), "a.rec"))


def test_a_walk_holds_a_block_and_a_record(pieces):
    records = [bytes([i]) * 30_000 for i in range(100)]
    data = b"".join(piece for record in records for piece in encode(record))
    tracemalloc.start()
    try:
        for _ in scan_ranges(pieces(data), "a.rec", block=1 << 16):
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6 << 16 < len(data)


def test_a_long_record_costs_no_more_than_its_length(pieces):
    data = b"".join(encode(bytes(1 << 22)))
    file = pieces(data)
    [(_, payload)] = scan_ranges(file, "a.rec", block=1 << 12)
    assert len(payload) == 1 << 22 and len(file.asked) <= 3
