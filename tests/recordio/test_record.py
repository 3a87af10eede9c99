"""One record out of a buffer: what is read, what is refused, and what errors say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordio.errors import DamageError
from recordio.format import MAGIC, encode
from recordio.record import read_record


def file_of(*records):
    return memoryview(b"".join(piece for record in records for piece in encode(record)))


def test_any_record_is_read_back(payloads):
    @given(st.lists(payloads, min_size=1, max_size=4))
    def check(records):
        data, offset = file_of(*records), 0
        for record in records:
            payload, offset = read_record(data, offset)
            assert payload == record and payload.readonly
        assert offset == len(data)

    check()


@pytest.mark.parametrize("record", [b"", b"abcdefg", b"1" + MAGIC])
def test_whole_records_are_views(record):
    data = file_of(record, b"next")
    assert read_record(data, 0)[0].obj is data.obj


@pytest.mark.parametrize(
    ("data", "offset", "says"),
    [
        (b"", 0, "expected a part header of 8 bytes, got 0 (the file ends at byte 0)"),
        (MAGIC + b"\0\0", 0, "expected a part header of 8 bytes, got 6"),
        (b"abcd\0\0\0\0", 0, "expected the magic word, bytes 0a 23 d7 ce, got 61 62 63 64"),
        (MAGIC + b"\x05\0\0\0abcde\0\0", 0, "expected 8 bytes, got 7 (the file ends at byte 15)"),
        (MAGIC + b"\xff\xff\xff\x1fabcd", 0, "expected 536870912 bytes, got 4"),
        (MAGIC + b"\x05\0\0\0abcde\0\x01\0", 0, "at offset 13: expected 3 zero bytes of padding, got 00 01 00"),
        (MAGIC + b"\0\0\0\x40", 0, "expected a part of flag 0 or 1, got flag 2"),
        (MAGIC + b"\0\0\0\xa0", 0, "expected a part of flag 0 or 1, got flag 5"),
        (MAGIC + b"\0\0\0\x20" + MAGIC + b"\0\0\0\0", 0, "at offset 8: expected a part of flag 2 or 3, got flag 0"),
        (MAGIC + b"\0\0\0\x20", 0, "at offset 8: expected a part header of 8 bytes, got 0"),
        (MAGIC + b"\x01\0\0\x20a\0\0\0" + MAGIC + b"\0\0\0\x60", 0, "flag 1 has a length divisible by 4, got 1"),
        (
            MAGIC + b"\0\0\0\0abcd",
            0,
            "at offset 8: expected the magic word, bytes 0a 23 d7 ce, got 61 62 63 64 (the part",
        ),
        (MAGIC + b"\0\0\0\0ab", 0, "at offset 8: expected the magic word, bytes 0a 23 d7 ce, got 61 62"),
        (
            MAGIC + b"\0\0\0\0" + MAGIC + b"\0\0\0\x60",
            0,
            "expected a part that starts a record, flag 0 or 1, got flag 3",
        ),
        (b"\0\0" + MAGIC + b"\0\0\0\0", 2, "a record starts at a multiple of 4"),
        (b"abcd", -4, "a record starts at a multiple of 4"),
        (MAGIC + b"\0\0\0\0", 400, "expected a part header of 8 bytes, got 0 (the file ends at byte 8)"),
    ],
)
def test_damage_is_said(data, offset, says):
    with pytest.raises(DamageError) as caught:
        read_record(memoryview(data), offset, "x.rec", 7)
    assert str(caught.value).startswith(f"x.rec: offset {offset}: record 7: ")
    assert says in str(caught.value)
    assert (caught.value.path, caught.value.offset, caught.value.record) == ("x.rec", offset, 7)


@pytest.mark.parametrize("rest", [MAGIC[:2], MAGIC, MAGIC + b"\0\0\0"])
def test_what_a_cut_file_has_of_the_next_header_does_no_harm(rest):
    assert read_record(memoryview(MAGIC + b"\x01\0\0\0a\0\0\0" + rest), 0) == (b"a", 12)


def test_after_damage_the_search_goes_on_behind_the_last_sound_part():
    parts = MAGIC + b"\x04\0\0\x20abcd" + MAGIC + b"\x04\0\0\x40abcd"
    with pytest.raises(DamageError) as caught:
        read_record(memoryview(parts + b"12345678"), 0)
    assert caught.value.resume == 16
