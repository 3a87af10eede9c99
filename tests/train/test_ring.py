from __future__ import annotations

import numpy as np
import pytest

from mxtrain.train.ring import DEVICES, HOSTS, Layout, Ring
from tests.train.happens_before import HOST, Mark, Ordered

SIZE = 1024


def feed(cuda, ring, batches):
    """Send batches; what the compute stream read of each."""
    read = []
    for k in range(batches):

        def fill(slot, k=k):
            cuda.access(HOST, slot, True, f"fill {k}")
            slot[:] = k
            return SIZE

        d = ring.put(fill)
        cuda.access(cuda.stream, ring.devices[d], False, f"step {k}")
        read.append(int(np.asarray(ring.devices[d])[0]))
        ring.done(d)
    return read


def test_every_batch_arrives_and_events_order_all_that_touches_a_slot():
    cuda = Ordered()
    ring = Ring(cuda, SIZE)
    assert feed(cuda, ring, 3 * HOSTS) == list(range(3 * HOSTS))
    assert cuda.races == []
    ring.close()


@pytest.mark.parametrize(
    ("lost", "text"),
    [
        ("synchronize", "fill 4 is not ordered after upload's read"),
        ("wait", "step 0 is not ordered after upload's write"),
    ],
)
def test_the_check_sees_what_lacks(monkeypatch, lost, text):
    monkeypatch.setattr(Mark, lost, lambda self, stream=None: None)
    cuda = Ordered()
    feed(cuda, Ring(cuda, SIZE), 3 * HOSTS)
    assert text in cuda.races


def test_a_slot_of_the_device_waits_for_the_step_that_reads_it(monkeypatch):
    cuda = Ordered()
    ring = Ring(cuda, SIZE)
    monkeypatch.setattr(ring, "done", lambda slot: None)
    feed(cuda, ring, 2 * DEVICES)
    assert "upload's write is not ordered after step 0" in cuda.races


def test_closing_waits_for_copies():
    cuda = Ordered()
    ring = Ring(cuda, SIZE)
    feed(cuda, ring, 2)
    ring.close()
    for slot in ring.hosts:
        cuda.access(HOST, slot, True, "given back")
    assert cuda.races == []


def test_closing_a_ring_that_was_not_used():
    Ring(Ordered(), SIZE).close()


def test_arrays_lie_in_a_slot(rng):
    arrays = {"x": rng.integers(0, 256, (2, 3, 3, 1), np.uint8), "y": rng.random((5,), np.float32), "z": np.float32(3)}
    layout = Layout([(n, a.shape, a.dtype) for n, a in arrays.items()])
    slot = np.zeros(layout.nbytes, np.uint8)
    assert layout.fill(slot, arrays) == layout.nbytes == 768
    for n, a in arrays.items():
        np.testing.assert_array_equal(layout.view(slot, n), a)
