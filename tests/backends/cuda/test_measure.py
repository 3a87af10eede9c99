from __future__ import annotations

import math

from mxtrain.backends.cuda.measure import milliseconds, pieces, total
from tests.backends.cuda.fake import fake_device


def test_pieces_lie_apart_and_empty_ones_are_none():
    device = fake_device()
    sizes = (10, 0, 300)
    assert total((0,)) == 0
    scratch = device.empty(64 + total(sizes))[64:]
    a, b, c = pieces(device, scratch, sizes)
    assert (a.nbytes, b, c.nbytes) == (10, None, 300)
    assert device.address(a) % 256 == 0 and device.address(c) - device.address(a) == 256
    assert device.address(c) + 300 <= device.address(scratch) + scratch.nbytes
    assert pieces(device, None, (0,)) == [None]


def test_a_call_that_fails_takes_forever():
    device, calls = fake_device(), []
    assert milliseconds(device, (lambda: calls.append(1), ())) == 0.2 and len(calls) == 6
    assert milliseconds(device, (lambda: 5, ())) == math.inf
