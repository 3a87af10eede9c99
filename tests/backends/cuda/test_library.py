from __future__ import annotations

from mxtrain.backends.cuda.library import NVRTC, Library, find


def test_a_library_that_is_nowhere():
    assert find(Library(("libnobody-has-this.so.1",), ("no-such-distribution",))) is None


def test_the_system_comes_after_wheels():
    found = find(Library(("libc.so.6",), ("no-such-distribution",)))
    assert found is not None and found.path == "libc.so.6" and found.wheel == ""


def test_a_wheel_is_named():
    found = find(NVRTC)
    assert found is None or not found.wheel or found.wheel.startswith("nvidia-cuda-nvrtc")
