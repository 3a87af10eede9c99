"""Parts: how records are cut, where they start, which part of many they belong to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordio.format import MAGIC, byte_ranges, cut, encode, find_start


def joined(record):
    return b"".join(encode(record))


@pytest.mark.parametrize(
    ("record", "hexadecimal"),
    [
        (b"", "0a23d7ce 00000000"),
        (b"abcde", "0a23d7ce 05000000 6162636465 000000"),
        (b"1234" + MAGIC + b"5678", "0a23d7ce 04000020 31323334 0a23d7ce 04000060 35363738"),
        (b"1" + MAGIC + b"56789", "0a23d7ce 0a000000 31 0a23d7ce 3536373839 0000"),
        (MAGIC + MAGIC + b"ab", "0a23d7ce 00000020 0a23d7ce 00000040 0a23d7ce 02000060 6162 0000"),
        (MAGIC, "0a23d7ce 00000020 0a23d7ce 00000060"),
        (MAGIC[:3], "0a23d7ce 03000000 0a23d7 00"),
    ],
)
def test_bytes_are_mxnets(record, hexadecimal):
    assert joined(record) == bytes.fromhex(hexadecimal)


def test_any_record_is_cut_as_word_by_word(payloads, by_words):
    @given(payloads)
    def check(record):
        assert joined(record) == by_words(record)
        assert MAGIC.join(record[a:b] for a, b in cut(record)) == record

    check()


@given(st.binary(max_size=64), st.integers(0, 70))
def test_a_start_is_an_aligned_magic_word_with_flag_0_or_1(noise, offset):
    data = (noise + MAGIC + b"\x01\0\0\x20" + noise).ljust(200, b"\0")
    starts = [
        at
        for at in range(0, len(data) - 7, 4)
        if data[at : at + 4] == MAGIC and data[at + 7] >> 5 <= 1 and at >= offset
    ]
    assert find_start(data, offset) == (starts[0] if starts else len(data))


@pytest.mark.parametrize("flag", range(8))
def test_only_flags_0_and_1_start_a_record(flag):
    data = MAGIC + bytes([0, 0, 0, flag << 5])
    assert find_start(data, 0) == (0 if flag <= 1 else 8)


def test_a_magic_word_without_a_length_starts_nothing():
    assert find_start(b"1234" + MAGIC + b"\0\0\0", 0) == 11


def test_ranges_cover_every_byte_once():
    sizes = [100, 0, 24, 8, 3000]
    for parts in range(1, 12):
        covered = [[] for _ in sizes]
        for part in range(parts):
            for file, (start, stop) in enumerate(byte_ranges(sizes, parts, part)):
                assert start % 4 == 0 and 0 <= start <= stop <= sizes[file]
                covered[file] += range(start, stop)
        assert covered == [list(range(size)) for size in sizes]


def test_ranges_step_by_a_multiple_of_4_over_all_files():
    assert byte_ranges([40, 40], 3, 0) == [(0, 28), (0, 0)]
    assert byte_ranges([40, 40], 3, 1) == [(28, 40), (0, 16)]
    assert byte_ranges([40, 40], 3, 2) == [(40, 40), (16, 40)]


def test_more_parts_than_bytes_leave_some_empty():
    assert byte_ranges([8], 4, 3) == [(8, 8)]
    assert byte_ranges([], 2, 1) == []


@pytest.mark.parametrize(("parts", "part"), [(0, 0), (2, 2), (2, -1), (-1, 0)])
def test_parts_that_do_not_exist_are_refused(parts, part):
    with pytest.raises(ValueError, match=f"got {part} of {parts}"):
        byte_ranges([8], parts, part)
