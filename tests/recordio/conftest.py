"""Fixtures for record files: payloads to write, files to read, and an encoder that goes word by word."""

from __future__ import annotations

import struct

import pytest
from hypothesis import strategies as st

import recordio

MAGIC = bytes.fromhex("0a23d7ce")


def encode_by_words(record):
    """A record's bytes in a file by the rule as it is written down: one aligned word after the other."""
    out, begin, flag = b"", 0, 0
    for at in range(0, len(record) - 3, 4):
        if record[at : at + 4] == MAGIC:
            out += MAGIC + struct.pack("<I", (1 if begin == 0 and not out else 2) << 29 | at - begin)
            out += record[begin:at]
            begin, flag = at + 4, 3
    rest = record[begin:]
    return out + MAGIC + struct.pack("<I", flag << 29 | len(rest)) + rest + bytes(-len(rest) % 4)


class Pieces:
    """A file in memory that gives pieces, notes which, and refuses what lies outside."""

    def __init__(self, data):
        self.data, self.asked, self.announced, self.closed = data, [], [], False

    def size(self):
        return len(self.data)

    def read(self, offset, length):
        assert 0 <= offset < offset + length <= len(self.data)
        self.asked.append((offset, length))
        return self.data[offset : offset + length]

    def will_need(self, offset, length):
        self.announced.append((offset, length))

    def close(self):
        self.closed = True


@pytest.fixture(scope="session")
def pieces():
    """The class of files that are read in pieces."""
    return Pieces


@pytest.fixture(scope="session")
def by_words():
    return encode_by_words


@pytest.fixture(scope="session")
def payloads():
    """Hypothesis: payloads with magic words at any alignment, whole and cut short."""
    pieces = st.one_of(st.just(MAGIC), st.just(MAGIC[:3]), st.just(MAGIC[2:]), st.binary(max_size=9))
    return st.lists(pieces, max_size=8).map(b"".join)


@pytest.fixture
def samples():
    """Records of every kind: empty, of each padding, cut into parts in every way."""
    return [
        b"",
        b"a",
        b"abcd",
        bytes(range(1, 30)),
        MAGIC,
        b"1234" + MAGIC + b"5678",
        b"1" + MAGIC + b"56789",
        MAGIC + MAGIC + b"ab",
        b"xyz" * 11,
        b"1234" + MAGIC,
        b"\xff" * 7,
    ]


@pytest.fixture
def write(tmp_path):
    """``write(records, name)``: a `.rec` with all that belongs to it."""

    def made(records, name="a.rec", keys=None, **options):
        path = tmp_path / name
        with recordio.Writer(path, **options) as writer:
            for number, record in enumerate(records):
                writer.write(record, keys[number] if keys else None)
        return path

    return made


@pytest.fixture
def sample_file(write, samples):
    return write(samples)


@pytest.fixture(scope="session")
def mutate():
    """A function: bytes damaged at random by a random.Random: changed, cut, removed, repeated, overwritten."""
    words = [0, 1, 4, 1 << 29, 2 << 29, 3 << 29 | 8, 5 << 29, 0x1FFFFFFF, 0xFFFFFFFF, 0xCED7230A, 0x80000000]

    def change(data, random):
        data = bytearray(data)
        for _ in range(random.randrange(1, 4)):
            at, kind = random.randrange(len(data) + 1), random.randrange(6)
            if kind == 0:
                data[at : at + 1] = random.randbytes(1)
            elif kind == 1:
                del data[at:]
            elif kind == 2:
                del data[at : at + random.randrange(1, 9)]
            elif kind == 3:
                other = random.randrange(len(data) + 1)
                data[at:at] = data[other : other + random.randrange(1, 33)]
            elif kind == 4:
                at -= at % 4
                data[at : at + 4] = random.choice(words).to_bytes(4, "little")
            elif at < len(data):
                data[at] ^= 1 << random.randrange(8)
        return bytes(data)

    return change
