from __future__ import annotations

import time

import numpy as np
import pytest

from mxtrain.base.errors import DistributedError
from mxtrain.kvstore import Watch
from tests.kvstore.world import World


def test_sums_and_broadcasts_over_ranks():
    def body(comm):
        a, b = np.full(3, comm.rank + 1.0), np.full(2, comm.rank)
        comm.all_reduce(a)
        comm.broadcast(b, root=2)
        return a.tolist(), b.tolist()

    assert World(3).run(body) == [([6, 6, 6], [2, 2])] * 3


def test_a_rank_that_fails_ends_the_others_waiting():
    def body(comm):
        if comm.rank == 1:
            raise RuntimeError("broken")
        comm.all_reduce(np.zeros(1))

    first, second = World(2).run(body)
    assert isinstance(second, RuntimeError)
    assert isinstance(first, DistributedError) and "another rank has failed" in str(first)


class Failing:
    """Fails at the third look."""

    rank, size = 0, 2

    def __init__(self):
        self.looks, self.aborted = 0, False

    def check(self):
        self.looks += 1
        if self.looks == 3:
            raise DistributedError("rank 1 is gone")

    def abort(self):
        self.aborted = True


def test_a_watch_aborts_and_says_what_it_saw():
    comm = Failing()
    with pytest.raises(DistributedError, match="rank 1 is gone") as caught, Watch(comm, every=0.001):
        while not comm.aborted:
            time.sleep(0.001)
        raise ValueError("a call that was cut off")
    assert comm.looks == 3 and isinstance(caught.value.__cause__, ValueError)


def test_a_watch_that_sees_nothing_is_silent():
    comm = Failing()
    comm.looks = 10
    with Watch(comm, every=0.001):
        time.sleep(0.01)
    assert comm.looks > 10 and not comm.aborted
