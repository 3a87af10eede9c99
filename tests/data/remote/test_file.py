"""One file: blocks fetched once, ahead where it is read in order, shared by threads, never waited for in vain."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from mxtrain.base.errors import DataError
from mxtrain.data.remote import file as module
from mxtrain.data.remote.blocks import BLOCK, Blocks
from mxtrain.data.remote.cache import DiskCache
from mxtrain.data.remote.faults import Fault
from mxtrain.data.remote.file import AHEAD, FLYING, RemoteFile, landed
from mxtrain.data.remote.retry import Policy
from mxtrain.data.remote.store import Identity

CONTENT = bytes(range(241)) * 60000
LAST = (len(CONTENT) - 1) // BLOCK


class Store:
    """Gives blocks when `give` lets it."""

    def __init__(self, waiting=False):
        self.asked, self.waiting, self.flights = [], waiting, []

    def fetch(self, url, piece, of, timeout):
        flight = Future()
        self.asked.append(piece.start // BLOCK)
        self.flights.append((piece, flight))
        if not self.waiting:
            self.give(len(self.flights) - 1)
        return flight

    def give(self, number):
        piece, flight = self.flights[number]
        if not flight.cancelled():
            flight.set_result(CONTENT[piece.start : piece.stop])


@pytest.fixture
def open_file():
    """``open_file(store, disk, **policy)``."""
    opened = []

    def make(store, disk=None, **policy):
        policy = Policy(**{"attempts": 2, "timeout": 0.2, "first_wait": 0.01, **policy})
        opened.append(RemoteFile("s3://b/k", Identity(len(CONTENT), "t"), store, Blocks(disk), policy))
        return opened[-1]

    yield make
    for file in opened:
        file.close()


def test_pieces_outside_the_file(open_file):
    file = open_file(Store())
    for offset, length in ((-1, 1), (0, len(CONTENT) + 1), (len(CONTENT), 1), (0, -1)):
        with pytest.raises(ValueError, match="s3://b/k: bytes"):
            file.read(offset, length)
    assert file.read(len(CONTENT), 0) == b""


def test_any_piece(open_file, rng):
    file = open_file(Store())
    for _ in range(200):
        start, stop = sorted(rng.integers(0, len(CONTENT) + 1, 2).tolist())
        assert file.read(start, stop - start) == CONTENT[start:stop]


def test_what_is_read_in_order_is_fetched_ahead(open_file):
    store = Store()
    file = open_file(store)
    file.read(0, 10)
    assert store.asked == [0]
    file.read(10, 10)
    assert store.asked == list(range(AHEAD + 1))
    file.read(BLOCK, 10)
    assert store.asked == list(range(AHEAD + 2))


def test_what_is_read_at_random_is_not(open_file):
    store = Store()
    file = open_file(store)
    for number in (7, 3, 9, 1):
        file.read(number * BLOCK, 10)
    assert store.asked == [7, 3, 9, 1]


def test_the_end_is_not_passed(open_file):
    store = Store()
    file = open_file(store)
    for start in range(0, len(CONTENT), BLOCK // 2):
        file.read(start, min(BLOCK // 2, len(CONTENT) - start))
    assert sorted(store.asked) == list(range(LAST + 1))
    file.will_need(len(CONTENT), 10)
    file.will_need(-5, 10)
    assert len(store.asked) == LAST + 1


def test_what_is_announced_is_under_way(open_file):
    store = Store(waiting=True)
    file = open_file(store)
    file.will_need(BLOCK + 5, BLOCK)
    file.will_need(BLOCK + 5, BLOCK)
    assert store.asked == [1, 2]
    store.give(1)
    store.give(0)
    assert file.read(BLOCK + 5, BLOCK) == CONTENT[BLOCK + 5 : 2 * BLOCK + 5] and store.asked == [1, 2]


def test_not_too_much_is_under_way(open_file, monkeypatch):
    monkeypatch.setattr(module, "FLYING", 3)
    store = Store(waiting=True)
    file = open_file(store)
    for number in range(FLYING):
        file.will_need(number % (LAST + 1) * BLOCK, 1)
    assert store.asked == [0, 1, 2]


def test_threads_share_what_is_under_way(open_file):
    store = Store(waiting=True)
    file = open_file(store, timeout=5)
    with ThreadPoolExecutor(4) as pool:
        reads = [pool.submit(file.read, 5, 10) for _ in range(4)]
        while not store.flights:
            time.sleep(0.001)
        store.give(0)
        assert all(read.result(5) == CONTENT[5:15] for read in reads)
    assert store.asked.count(0) == 1


def test_many_threads_at_random(open_file, tmp_path, rng):
    file = open_file(Store(), DiskCache(tmp_path, 10**9))
    starts = rng.integers(0, len(CONTENT) - 5000, 400).tolist()
    with ThreadPoolExecutor(8) as pool:
        for start, data in zip(starts, pool.map(lambda at: file.read(at, 5000), starts), strict=True):
            assert data == CONTENT[start : start + 5000]


def test_blocks_come_from_the_disk(open_file, tmp_path):
    first, second = Store(), Store()
    disk = DiskCache(tmp_path, 10**9)
    assert open_file(first, disk).read(0, 3 * BLOCK) == open_file(second, disk).read(0, 3 * BLOCK)
    assert sorted(first.asked) == [0, 1, 2] and second.asked == []


def test_a_damaged_cache_is_fetched_again(open_file, tmp_path):
    disk = DiskCache(tmp_path, 10**9)
    open_file(Store(), disk).read(0, 3 * BLOCK)
    for number, path in enumerate(sorted(tmp_path.glob("blocks/*/*"))):
        path.write_bytes([b"", b"x" * 100, path.read_bytes()[::-1]][number])
    store = Store()
    assert open_file(store, disk).read(0, 3 * BLOCK) == CONTENT[: 3 * BLOCK]
    assert sorted(store.asked) == [0, 1, 2]
    assert open_file(Store(), disk).read(0, 3 * BLOCK) == CONTENT[: 3 * BLOCK]


def test_a_store_that_never_answers(open_file, monkeypatch):
    monkeypatch.setattr(module, "GRACE", 0.05)
    file = open_file(Store(waiting=True))
    begun = time.monotonic()
    with pytest.raises(DataError, match="bytes 0 to 1048576: no answer within 0.2 s .tried 2 times"):
        file.read(5, 10)
    assert time.monotonic() - begun < 2


def test_closing_ends_a_wait(open_file):
    store = Store(waiting=True)
    file = open_file(store, timeout=30)
    failed = []

    def read():
        try:
            file.read(0, 10)
        except DataError as error:
            failed.append(str(error))

    thread = threading.Thread(target=read)
    thread.start()
    while not store.flights:
        time.sleep(0.001)
    file.close()
    thread.join(5)
    assert not thread.is_alive() and "closed" in failed[0]


def test_landed():
    for error, kind in (
        (PermissionError("x"), "denied"),
        (TimeoutError(), "passing"),
        (Fault("changed", "x"), "changed"),
    ):
        flight = Future()
        flight.set_exception(error)
        with pytest.raises(Fault) as caught:
            landed(flight, 1)
        assert caught.value.kind == kind
    flight = Future()
    flight.cancel()
    with pytest.raises(Fault, match="given up"):
        landed(flight, 1)
