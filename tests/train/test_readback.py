from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.device import Device
from mxtrain.executor import make_store
from mxtrain.train.readback import EVERY, ROWS, Readback, Row
from tests.train.happens_before import Ordered


class Setting:
    def __init__(self):
        self.cuda = Ordered()
        self.device = Device("gpu:0", ("cuda", "reference"), 1, self.cuda)
        self.store = make_store(self.device, {}, {}, {})
        self.got = []
        self.readback = Readback(self.store, ["loss", "hits"], lambda row, values: self.got.append((row, values)))
        self.arrays = {
            "loss": self.device.zeros(4).view(np.float32).reshape(()),
            "hits": self.device.zeros(4).view(np.float32),
        }
        self.plan = self.readback.plan(self.arrays)

    def step(self, k):
        self.device.put(self.arrays["loss"], k / 2)
        self.device.put(self.arrays["hits"], [k])
        self.readback.begin()
        self.store.numbers.send()
        self.cuda.access(self.cuda.stream, self.readback.table, True, f"row {k}")
        self.plan.run()
        self.readback.written(Row(k, 10))


@pytest.mark.parametrize("steps", [1, EVERY, EVERY + 1, 3 * ROWS + 5])
def test_every_row_is_counted_once_and_in_order(steps):
    s = Setting()
    for k in range(steps):
        s.step(k)
        assert s.readback.pending == 10 * (k + 1 - len(s.got)) <= 10 * 2 * EVERY
    s.readback.settle()
    assert s.readback.pending == 0
    assert s.got == [(Row(k, 10), {"loss": k / 2, "hits": k}) for k in range(steps)]
    assert s.cuda.races == []


def test_settling_twice_counts_nothing_twice():
    s = Setting()
    s.step(0)
    s.readback.settle()
    s.readback.settle()
    assert len(s.got) == 1


def test_steps_between_two_copies_fit_the_table_many_times():
    assert ROWS % EVERY == 0 and ROWS >= 3 * EVERY
