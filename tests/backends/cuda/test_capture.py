from __future__ import annotations

import numpy as np
import pytest

from mxtrain.backends.cuda.capture import Captured, call_by_call
from mxtrain.base.errors import BackendUnavailable


class Counter:
    """A step that adds `add` to `total`, noted down by the fake when it captures."""

    def __init__(self, device):
        self.device, self.cuda = device, device.runtime
        self.total, self.add = device.zeros(8).view(np.float32), device.zeros(8).view(np.float32)
        self.said, self.calls = [], 0
        device.put(self.add, 1.0)

    def work(self):
        # What a kernel does: it sees the device's memory at the time it runs.
        self.total.view(np.ndarray)[...] += self.add.view(np.ndarray)
        return 0

    def body(self):
        self.calls += 1
        self.cuda.do(self.work)

    def captured(self, body=None, **more):
        return Captured(self.cuda, body or self.body, {"total": self.total}, self.said.append, **more)

    def value(self):
        return float(self.device.fetch(self.total)[0])


def test_every_run_is_one_step_before_at_and_after_the_capture(device):
    step = Counter(device)
    c = step.captured()
    for k in range(1, 4):
        c.run()
        assert step.value() == k and c.graph is None
    c.run()
    assert step.value() == 4 and c.graph is not None and not step.said
    calls = step.calls
    device.put(step.add, 10.0)
    c.run()
    assert step.value() == 14 and step.calls == calls


def test_what_cannot_be_captured_runs_eagerly_after_one_warning(device):
    step = Counter(device)

    def body():
        step.body()
        device.xp.dot(step.add, step.add)

    c = step.captured(body)
    for k in range(1, 7):
        c.run()
        assert step.value() == k
    assert c.graph is None
    assert len(step.said) == 1 and "call by call: capture failed: NotImplementedError: calling cupy.dot" in step.said[0]


def test_a_step_that_never_gives_the_same_bits_is_captured_all_the_same(device):
    step, runs = Counter(device), []

    def work():
        runs.append(1)
        step.total.view(np.ndarray)[...] += 1.01 if len(runs) % 2 else 0.99
        return 0

    for exact in (False, True):
        c = step.captured(lambda: step.cuda.do(work), exact=exact)
        for _ in range(5):
            c.run()
        assert (c.graph is None) == exact


def test_a_number_baked_into_the_graph_is_found(device):
    step = Counter(device)

    def body():
        # The value differs between the eager step and the captured one: as if read from the host.
        step.calls += 1
        add = float(step.calls)
        step.cuda.do(lambda: step.total.view(np.ndarray).__iadd__(add) is None)

    c = step.captured(body, eager=1)
    c.run()
    c.run()
    # Two eager runs added 1 and 2; the replay added 3 instead of the 2 and was undone.
    assert "its replay changed total otherwise than the eager step, by 1 of 3" in step.said[0]
    assert step.value() == 3


def test_exact_asks_for_every_bit(device):
    step = Counter(device)
    tiny = iter(range(100))

    def body():
        add = 1 + next(tiny) * 2e-7
        step.cuda.do(lambda: step.total.view(np.ndarray).__iadd__(add) is None)

    for exact in (False, True):
        c = step.captured(body, eager=0, exact=exact)
        c.run()
        assert bool(c.reason) is exact


def test_a_replay_that_fails_is_an_error_later_and_a_fall_back_at_first(device):
    step = Counter(device)
    status = []
    c = step.captured(lambda: step.cuda.do(lambda: status[0] if status else step.work()), eager=0)
    c.run()
    status.append(700)
    with pytest.raises(BackendUnavailable, match=r"the graph of the step failed: CUDA_ERROR_FAKE \(700\)"):
        c.run()


def test_what_is_said_of_operators_that_cannot_be_captured():
    assert call_by_call([]) == ""
    text = "steps are not run as one CUDA graph, but call by call: b, a cannot be captured"
    assert call_by_call(x for x in ("b", "a", "b")) == text
