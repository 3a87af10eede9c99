"""What every store shares: futures with a time limit, comparison of versions and lengths."""

from __future__ import annotations

import asyncio

import pytest

from mxtrain.data.remote.faults import Fault
from mxtrain.data.remote.store import Identity, same, start, whole

asyn = pytest.importorskip("fsspec.asyn", reason="needs the extra `remote`")


async def give(value):
    if isinstance(value, Exception):
        raise value
    return value


def test_results_and_faults():
    loop = asyn.get_loop()
    assert start(loop, lambda: give(3), 5).result(5) == 3
    with pytest.raises(Fault) as caught:
        start(loop, lambda: give(PermissionError("no")), 5).result(5)
    assert caught.value.kind == "denied"


def test_time_is_limited():
    with pytest.raises(Fault, match="no answer within 0.05 s"):
        start(asyn.get_loop(), lambda: asyncio.sleep(60), 0.05).result(5)


def test_cancelled_before_it_began():
    flights = [start(asyn.get_loop(), lambda: asyncio.sleep(60), 60) for _ in range(20)]
    assert all(flight.cancel() for flight in flights)


def test_versions():
    same(Identity(5, "a"), Identity(5, "a"))
    with pytest.raises(Fault, match="had 5 bytes when it was opened, has 6"):
        same(Identity(5, "a"), Identity(6, "a"))
    with pytest.raises(Fault, match="was version a when it was opened, is b") as caught:
        same(Identity(5, "a"), Identity(5, "b"))
    assert caught.value.kind == "changed"


def test_lengths():
    assert whole(range(3, 6), b"abc") == b"abc"
    with pytest.raises(Fault, match="expected 3 bytes, got 2") as caught:
        whole(range(3, 6), b"ab")
    assert caught.value.kind == "passing"
