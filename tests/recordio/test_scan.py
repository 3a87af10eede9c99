"""Walks through damaged files: every byte is delivered or counted, at a cost that grows with the file and no faster."""

from __future__ import annotations

import random
import time
import tracemalloc

import pytest

from recordio import scan as module
from recordio.errors import DamageError
from recordio.files import Mapped
from recordio.format import MAGIC, encode
from recordio.record import read_record
from recordio.scan import LISTED, Losses, scan


def walk(path, losses=None, span=None):
    with Mapped(path) as mapped:
        return [(offset, bytes(payload)) for offset, payload in scan(mapped, str(path), span, losses)]


def part(flag, payload=b"", length=None):
    return MAGIC + (flag << 29 | (len(payload) if length is None else length)).to_bytes(4, "little") + payload


@pytest.fixture
def file_of(tmp_path):
    def made(data):
        (tmp_path / "x.rec").write_bytes(data)
        return tmp_path / "x.rec"

    return made


def test_in_order(sample_file, samples):
    found = walk(sample_file)
    assert [payload for _, payload in found] == samples
    middle = found[4][0]
    assert walk(sample_file, span=(0, middle)) == found[:4]
    assert walk(sample_file, span=(middle, sample_file.stat().st_size)) == found[4:]


def test_damage_that_reaches_over_the_end_of_a_span_is_counted_up_to_it(file_of):
    whole, damaged = part(0, b"abcd"), part(0, b"abcd").replace(MAGIC, b"????")
    path = file_of(whole + damaged + damaged + whole)
    losses = Losses()
    assert [offset for offset, _ in walk(path, losses, (0, 24))] == []
    assert (losses.records, losses.bytes) == (1, 24)


@pytest.mark.parametrize("pace", [1.0, 1e15])
def test_windows_do_not_show(write, monkeypatch, pace):
    monkeypatch.setattr(module, "WINDOW", 5000)
    monkeypatch.setattr(module, "FAST", pace)
    records = [bytes([i]) * 997 for i in range(100)]
    assert [payload for _, payload in walk(write(records))] == records


@pytest.mark.parametrize(
    ("damaged", "lost"),
    [
        (b"garbage!", 1),
        (part(0, b"abcd", 400), 1),
        (part(1, b"abcd"), 1),
        (part(1, b"abcd") + part(2, b"efgh") + b"????", 1),
        (part(2, b"abcd") + part(3, b"ef\0\0"), 1),
        (part(0, b"abcd") + b"\0\0\0\0", 1),
        (part(0, b"abcd", 4) + part(3) + part(0, b"", 10**8), 2),
        (part(5), 1),
    ],
)
def test_skipping_goes_on_at_the_next_record(file_of, damaged, lost):
    before, after = b"".join(encode(b"before" + MAGIC)), b"".join(encode(b"after"))
    path, losses = file_of(before + before + damaged + after), Losses()
    with pytest.raises(DamageError) as caught:
        walk(path)
    found = walk(path, losses)
    assert found[-1] == (2 * len(before) + len(damaged), b"after")
    # What stands in front of a damaged header cannot be told from a record of damaged length.
    whole = damaged.startswith(MAGIC) and damaged[7] >> 5 <= 1
    assert len(found) == (3 if whole else 2)
    assert losses.records == lost
    assert losses.bytes == len(damaged) + (0 if whole else len(before))
    assert losses.first[0].problem == str(caught.value) and losses.first[0].record == len(found) - 1
    assert (losses.first[0].path, losses.first[0].offset) == (str(path), caught.value.offset)


def test_losses_count_all_and_list_some(file_of):
    path, losses = file_of(part(1, b"abcd") * 3 * LISTED), Losses()
    assert walk(path, losses) == []
    assert (losses.records, losses.bytes, len(losses.first)) == (3 * LISTED, 36 * LISTED, LISTED)


def test_every_byte_is_delivered_or_counted(sample_file, file_of, mutate):
    good, chance = sample_file.read_bytes(), random.Random(1)
    for _ in range(500):
        path, losses = file_of(mutate(good, chance)), Losses()
        found = walk(path, losses)
        with Mapped(path) as mapped:
            delivered = sum(read_record(mapped.view, offset)[1] - offset for offset, _ in found)
            assert delivered + losses.bytes == mapped.size
        assert (losses.records == 0) == (losses.bytes == 0)


def hostile(size):
    """Files that ask for much work, or much memory."""
    words = size // 8
    nested = b"".join(part(1, length=size // 2 - 8 * i - 8) for i in range(words // 2))
    return {
        "starts without an end": part(1) * words,
        "a chain without an end": part(1) + part(2) * (words - 1),
        "a chain of nothing": part(1) + part(2) * (words - 2) + part(3),
        "starts that share a chain": nested + part(2) * (words // 2),
        "long lengths": part(0, length=size // 2 & -4) * words,
        "magic words out of step": (b"\0" + MAGIC + b"\0\0\0") * words,
        "orphans": part(2) * words,
        "impossible lengths": part(0, length=(1 << 29) - 1) * words,
    }


@pytest.mark.parametrize("name", hostile(64))
def test_cost_is_in_proportion_to_the_file(file_of, name):
    times = []
    for size in (1 << 16, 1 << 19):
        path, losses = file_of(hostile(size)[name]), Losses()
        started = time.process_time()
        with Mapped(path) as mapped:
            for _ in scan(mapped, "x", losses=losses):
                pass
        times.append(time.process_time() - started)
    # Eight times the bytes; a cost that grows with the square would be 64 times.
    assert times[1] < 32 * max(times[0], 0.003)


@pytest.mark.parametrize("name", hostile(64))
def test_memory_stays_below_the_file_and_a_bit(file_of, name):
    size = 1 << 18
    path, losses = file_of(hostile(size)[name]), Losses()
    tracemalloc.start()
    try:
        with Mapped(path) as mapped:
            for _ in scan(mapped, "x", losses=losses):
                pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < size + (1 << 18)
