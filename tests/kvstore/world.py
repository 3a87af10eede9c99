"""Ranks as threads: a communicator that needs neither a GPU nor NCCL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from mxtrain.base.errors import DistributedError

PATIENCE = 20.0


class World:
    """All ranks of a run."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.barrier = threading.Barrier(size)
        self.given: list[Any] = [None] * size
        self.failed: set[int] = set()

    def run(self, body: Callable[[Threads], Any]) -> list[Any]:
        """What `body` returns, or the error that it ends with, for each rank."""
        results: list[Any] = [None] * self.size

        def one(rank: int) -> None:
            comm = Threads(self, rank)
            try:
                results[rank] = body(comm)
            except Exception as e:  # handed to the test
                results[rank] = e
                self.failed.add(rank)
                comm.abort()

        threads = [threading.Thread(target=one, args=(r,)) for r in range(self.size)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        return results


class Threads:
    """One rank's end. Sums are a left fold in the order of ranks."""

    def __init__(self, world: World, rank: int) -> None:
        self.world, self.rank, self.size = world, rank, world.size
        self.log: list[tuple[str, int, int | None]] = []

    def _exchange(self, array: Any) -> list[Any]:
        self.world.given[self.rank] = np.array(array)
        self._wait()
        given = list(self.world.given)
        self._wait()
        return given

    def _wait(self) -> None:
        try:
            self.world.barrier.wait(PATIENCE)
        except threading.BrokenBarrierError:
            raise DistributedError(f"rank {self.rank}: another rank has failed") from None

    def all_reduce(self, array: Any, stream: int | None = None) -> None:
        self.log.append(("all_reduce", int(array.size), stream))
        given = self._exchange(array)
        assert len({g.shape for g in given}) == 1, "ranks reduce different arrays"
        total = given[0].copy()
        for g in given[1:]:
            total += g
        array[...] = total.astype(array.dtype).view(type(array))

    def broadcast(self, array: Any, root: int = 0, stream: int | None = None) -> None:
        array[...] = self._exchange(array)[root].view(type(array))

    def check(self) -> None:
        if self.world.failed:
            raise DistributedError(f"rank {min(self.world.failed)} has failed")

    def abort(self) -> None:
        self.world.barrier.abort()
