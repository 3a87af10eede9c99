"""Blocks in memory: bounded, and on the disk once each."""

from __future__ import annotations

import pytest

from mxtrain.data.remote.blocks import BLOCK, SMALL, Blocks, Key
from mxtrain.data.remote.cache import DiskCache
from mxtrain.data.remote.store import Identity

OF = Identity(3 * BLOCK + 5, "tag")


def key(number):
    return Key("s3://b/k", OF, number)


def content(number):
    return bytes([number]) * len(key(number).piece)


@pytest.fixture
def disk(tmp_path):
    return DiskCache(tmp_path / "cache", 10**9)


def test_pieces():
    assert [key(i).piece for i in (0, 3)] == [range(BLOCK), range(3 * BLOCK, 3 * BLOCK + 5)]
    assert not key(4).piece


def test_memory_is_bounded():
    blocks = Blocks(None, 2 * BLOCK)
    for number in range(3):
        blocks.hold(key(number), content(number), saved=False)
        blocks.hold(key(number), content(number), saved=False)
    assert [blocks.has(key(i)) for i in range(3)] == [False, True, True]
    assert blocks.get(key(1)) == content(1) and blocks.get(key(0)) is None
    blocks.hold(key(3), content(3), saved=False)
    assert [blocks.has(key(i)) for i in (1, 2, 3)] == [True, False, True], "the one used last stays"


def test_what_is_used_goes_to_the_disk_once(disk, monkeypatch):
    blocks = Blocks(disk)
    blocks.hold(key(0), content(0), saved=False)
    assert Blocks(disk).get(key(0)) is None
    assert blocks.get(key(0)) == content(0)
    assert Blocks(disk).get(key(0)) == content(0)
    monkeypatch.setattr(disk, "put", lambda *_: pytest.fail("twice"))
    assert blocks.get(key(0)) == content(0)
    fresh = Blocks(disk)
    assert fresh.get(key(0)) == fresh.get(key(0)) == content(0)


def test_small_pieces_come_from_the_disk_alone(disk):
    first = Blocks(disk)
    first.hold(key(0), content(0), saved=False)
    first.get(key(0))
    blocks = Blocks(disk, 1)
    assert not blocks.has(key(0)) and blocks.piece(key(1), 0, 5) is None
    assert blocks.piece(key(0), 7, 9) == b"\0\0", "checked as a whole at its first use"
    blocks.hold(key(1), content(1), saved=True)
    assert blocks.has(key(0)) and blocks.piece(key(0), 7, 9) == b"\0\0" and not blocks._in_memory(key(0))
    assert blocks.piece(key(0), 0, SMALL) == bytes(SMALL) and blocks._in_memory(key(0))
    blocks.hold(key(1), content(1), saved=True)
    for path in disk.folder.rglob("*-0"):
        path.unlink()
    assert blocks.piece(key(0), 7, 9) is None and not blocks.has(key(0))
