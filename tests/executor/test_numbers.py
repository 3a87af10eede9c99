from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.device import REFERENCE
from mxtrain.base.errors import ConfigError
from mxtrain.base.types import TensorType
from mxtrain.executor import Numbers
from mxtrain.executor.numbers import CAPACITY
from tests.backends.cuda.fake import fake_device


def test_on_the_host_what_is_written_is_what_plans_read():
    numbers = Numbers(REFERENCE)
    lr, key = numbers.add("lr", TensorType(())), numbers.add("key", TensorType((5,), "uint32"))
    numbers.host("lr")[...] = 0.5
    numbers.host("key")[...] = (1, 2, 3, 4, 5)
    numbers.send()
    assert float(lr) == 0.5 and key.tolist() == [1, 2, 3, 4, 5]
    assert numbers.used == 24


def test_on_a_device_they_arrive_together():
    device = fake_device()
    numbers = Numbers(device)
    lr, step = numbers.add("lr", TensorType(())), numbers.add("step", TensorType(()))
    numbers.host("lr")[...], numbers.host("step")[...] = 0.5, 7
    assert float(device.fetch(lr)) == 0
    numbers.send()
    assert [float(device.fetch(a)) for a in (lr, step)] == [0.5, 7]
    assert numbers.bytes.nbytes == numbers.buffer.nbytes == 8


def test_each_begins_at_a_multiple_of_four_bytes():
    numbers = Numbers(REFERENCE)
    numbers.add("bits", TensorType((3,), "uint8"))
    numbers.add("lr", TensorType(()))
    numbers.host("bits")[...] = 255
    assert float(numbers.host("lr")) == 0 and numbers.used == 8


def test_there_are_only_so_many():
    numbers = Numbers(REFERENCE)
    numbers.add("many", TensorType((CAPACITY // 4,)))
    with pytest.raises(ConfigError, match="more than 65,536 numbers"):
        numbers.add("lr", TensorType(()))
    np.testing.assert_array_equal(numbers.host("many"), 0)
