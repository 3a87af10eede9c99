from __future__ import annotations

import pytest

from mxtrain.backends.cuda import device
from mxtrain.backends.cuda.device import count, make_device, why_not
from mxtrain.base.errors import BackendUnavailable


@pytest.mark.skipif(count() > 0, reason="there is a GPU")
def test_without_a_gpu_one_error_says_what_is_missing():
    reasons = why_not()
    assert reasons and any("NVIDIA driver" in r for r in reasons)
    with pytest.raises(BackendUnavailable, match="device gpu:0 cannot be used: .*NVIDIA driver"):
        make_device()


def test_a_number_that_no_gpu_has(monkeypatch):
    monkeypatch.setattr(device, "why_not", lambda: ())
    monkeypatch.setattr(device, "count", lambda: 2)
    with pytest.raises(BackendUnavailable, match=r"gpu:2: this machine has 2 GPU\(s\)"):
        make_device(2)


@pytest.mark.gpu
@pytest.mark.skipif(count() == 0, reason="no GPU")
def test_memory_copies_events_and_texts():
    d = make_device()
    a, b = d.zeros(1 << 20), d.empty(1 << 20)
    assert d.address(a) % 256 == 0
    function, args = d.runtime.copy(b, a)
    first, last = d.runtime.new_event(), d.runtime.new_event()
    first.record()
    assert function(*args) == 0
    last.record()
    assert not d.fetch(b).any()
    last.synchronize()
    assert last.since(first) >= 0
    assert "CUDA_ERROR_INVALID_VALUE" in d.runtime.explain(1)
