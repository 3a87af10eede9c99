from __future__ import annotations

import math

import numpy as np
import pytest

from mxtrain.backends.cuda import measure
from mxtrain.backends.cuda.measure import milliseconds, numbers, pieces, total
from mxtrain.base.bfloat16 import widen
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


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("count", [1, 5, 64, 1000])
def test_what_is_timed_is_random_and_not_far_from_one(dtype, count, monkeypatch):
    monkeypatch.setattr(measure, "BLOCK", 64)
    measure._block.cache_clear()
    device, bits = fake_device(), np.uint16 if dtype == "bfloat16" else np.dtype(dtype)
    made = device.fetch(numbers(device, dtype, count * np.dtype(bits).itemsize)).view(bits)
    measure._block.cache_clear()
    values = widen(made) if dtype == "bfloat16" else made.astype(np.float32)
    assert values.shape == (count,) and np.all(values != 0) and np.all(np.abs(values) < 5)
    np.testing.assert_array_equal(values[64:], values[:-64])


def test_what_is_no_float_is_timed_on_zeros():
    device = fake_device()
    assert not device.fetch(numbers(device, "uint8", 100)).any()
