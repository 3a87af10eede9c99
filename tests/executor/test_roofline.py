from __future__ import annotations

import pytest

from mxtrain.backends import onednn
from mxtrain.base.device import REFERENCE, Device
from mxtrain.executor import roofline
from mxtrain.executor.roofline import Roofline, measure


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(roofline, "COPIED", 1 << 16)
    monkeypatch.setattr(roofline, "EDGE", 64)


@pytest.mark.parametrize("device", [REFERENCE, Device()])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_measured_here(device, dtype):
    found = measure(device, (dtype,), seconds=0.001)
    assert set(found.rates) == {dtype, "float32"}
    assert found.bandwidth > 0 and all(rate > 0 for rate in found.rates.values())


@pytest.mark.skipif(not onednn.available(), reason="its products are measured")
def test_the_library_multiplies_what_it_is_given():
    import numpy as np

    device = Device()
    function, args = roofline._product(device, "float32", True)
    assert function(*args) == 0
    arrays = args[0].kept[1]
    out = arrays[onednn.Arg.DST]
    assert np.isfinite(out).all() and out.any()


def test_the_bound_is_the_larger_of_both():
    roof = Roofline(100.0, {"float32": 10.0, "bfloat16": 80.0})
    assert roof.bound(20, 100, "float32") == 2
    assert roof.bound(20, 100, "bfloat16") == 1
    assert roof.bound(0, 300, "uint8") == 3
