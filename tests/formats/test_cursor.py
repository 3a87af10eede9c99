from __future__ import annotations

import pytest

from mxtrain.base.errors import FormatError
from mxtrain.formats.cursor import Cursor


def test_fields_are_little_endian_and_in_order():
    cursor = Cursor(memoryview(b"\x01\x00\x00\x00\x02\x00\xff"), "f")
    assert cursor.unpack("IH", "head") == (1, 2)
    assert cursor.number("b", "tail") == -1
    assert cursor.remaining == 0


def test_nothing_is_read_past_the_end():
    cursor = Cursor(memoryview(b"abc"), "w.params", offset=1, base=100)
    with pytest.raises(
        FormatError, match=r"^w.params: offset 101: name: expected 5 bytes, got 2 .*truncated at byte 103"
    ):
        cursor.take(5, "name")
    assert cursor.take(2, "name") == b"bc"
