"""Candidates: of the numbers of several updates, a device takes those of the one it is at."""

from __future__ import annotations

import pytest

from mxtrain import ops
from mxtrain.base.device import Device
from mxtrain.executor import bind, make_store
from mxtrain.optim import Candidates, add_loss_scale
from mxtrain.passes import LOSS_SCALE, Options, compile_graph
from tests.backends.cuda.fake import FakeCuda
from tests.backends.cuda.test_fake import needs_compiler

pytestmark = needs_compiler

COUNT = 5
NAMES = ("lr.0", "lr.1", "t.0")


class Setting:
    """Candidates on a fake device; how often each update's numbers were computed."""

    def __init__(self):
        self.device = Device("gpu:0", ("cuda", "reference"), 1, FakeCuda())
        self.store = make_store(self.device, {}, {}, {})
        self.asked = []
        add_loss_scale(self.store, scaled=True)
        self.candidates = Candidates(self.store, NAMES, self.values, COUNT)
        self.compiled = compile_graph(
            self.candidates.graph(), self.device, vocabulary=ops.vocabulary(), options=Options(hoist=False)
        )
        self.plan = bind(self.compiled, self.device, self.candidates.storage(self.store))

    def values(self, number):
        self.asked.append(number)
        return [0.5 * number, 0.25 * number, float(number)]

    def chosen(self, number, known, skipped):
        """What the device takes if `skipped` steps were skipped, and the host knows of `known`."""
        self.device.put(self.store.states[LOSS_SCALE]["skipped"], [skipped])
        self.candidates.write(number, known)
        self.store.numbers.send()
        self.plan.run()
        return [float(self.device.fetch(self.store.scalars[n])) for n in NAMES]


@pytest.mark.parametrize("unknown", range(COUNT))
def test_the_device_takes_the_numbers_of_the_update_it_is_at(unknown):
    s = Setting()
    assert s.chosen(20, 3, 3 + unknown) == s.values(20 - unknown)


def test_an_update_before_the_first_has_the_numbers_of_the_first():
    s = Setting()
    assert s.chosen(2, 0, 2) == s.values(1)


def test_numbers_are_computed_once_per_update():
    s = Setting()
    for number in range(1, 12):
        s.chosen(number, 0, 0)
    assert s.asked == list(range(1, 12))


def test_the_choice_is_a_kernel_that_a_graph_can_hold():
    s = Setting()
    assert not s.plan.uncapturable
