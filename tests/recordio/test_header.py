"""Image record headers: MXNet's bytes, and records that are none."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordio.errors import HeaderError
from recordio.header import MAX_LABELS, Header, pack, unpack

floats = st.floats(width=32, allow_nan=False)
ids = st.integers(0, 2**64 - 1)


def test_bytes_are_mxnets():
    single = bytes.fromhex("00000000 00004040 0700000000000000 0000000000000000 6162636465")
    several = bytes.fromhex("02000000 00000000 0800000000000000 0000000000000000 0000803f 00002040 78797a")
    assert pack(Header(3.0, 7), b"abcde") == single
    assert pack(Header((1.0, 2.5), 8), b"xyz") == several
    assert unpack(single) == (Header(3.0, 7, 0), b"abcde")
    assert unpack(several) == (Header((1.0, 2.5), 8, 0), b"xyz")


def test_one_label_in_a_tuple_is_several():
    assert pack(Header((3.0,), 0), b"")[:8] == bytes.fromhex("01000000 00000000")


@given(st.one_of(floats, st.lists(floats, min_size=1, max_size=9).map(tuple)), ids, ids, st.binary(max_size=20))
def test_round_trip(label, id, id2, payload):
    header = Header(label, id, id2)
    record = pack(header, payload)
    assert unpack(record) == (header, payload)
    assert unpack(memoryview(bytearray(record))) == (header, payload)


def test_the_payload_is_a_view():
    record = pack(Header(1.0, 2), b"image")
    assert unpack(record)[1].obj is record


@pytest.mark.parametrize("size", range(24))
def test_short_records_are_refused(size):
    with pytest.raises(HeaderError, match=f"expected at least 24 bytes, got {size}"):
        unpack(bytes(size))


@pytest.mark.parametrize(("flag", "room"), [(1, 0), (3, 2), (2**32 - 1, 5)])
def test_labels_that_do_not_fit_are_refused(flag, room):
    with pytest.raises(HeaderError, match=f"announces {flag} labels, and has room for {room}"):
        unpack(struct.pack("<IfQQ", flag, 0, 0, 0) + bytes(4 * room + 3))


def test_more_labels_than_the_limit_are_no_image_record():
    record = struct.pack("<IfQQ", MAX_LABELS + 1, 0, 0, 0) + bytes(4 * MAX_LABELS + 4)
    with pytest.raises(HeaderError, match=f"room for {MAX_LABELS}"):
        unpack(record)
    with pytest.raises(HeaderError, match=f"1 to {MAX_LABELS} labels, got {MAX_LABELS + 1}"):
        pack(Header((0.0,) * (MAX_LABELS + 1), 0), b"")


@given(st.binary(max_size=80))
def test_any_bytes_give_a_header_or_the_error(record):
    try:
        header, payload = unpack(record)
    except HeaderError:
        return
    labels = len(header.label) if isinstance(header.label, tuple) else 0
    assert len(payload) == len(record) - 24 - 4 * labels


@pytest.mark.parametrize(
    "header", [Header((), 0), Header(1e39, 0), Header(0.0, -1), Header(0.0, 2**64), Header("a", 0)]
)
def test_what_does_not_fit_is_refused(header):
    with pytest.raises(HeaderError, match="label"):
        pack(header, b"")
