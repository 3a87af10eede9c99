from __future__ import annotations

import numpy as np
import pytest

from mxtrain.base.device import ALIGNMENT, REFERENCE, Device, align


@pytest.mark.parametrize("nbytes", [0, 1, 63, 64, 1000])
def test_buffers_are_aligned_and_as_large_as_asked(nbytes):
    for buffer in (Device().empty(nbytes), Device().zeros(nbytes)):
        assert buffer.shape == (nbytes,) and buffer.dtype == np.uint8
        assert nbytes == 0 or buffer.ctypes.data % ALIGNMENT == 0
    assert not Device().zeros(nbytes).any()


@pytest.mark.parametrize(("nbytes", "to", "want"), [(0, 64, 0), (1, 64, 64), (64, 64, 64), (65, 64, 128), (5, 4, 8)])
def test_align(nbytes, to, want):
    assert align(nbytes, to) == want


def test_the_reference_is_always_the_last_kernel_set():
    assert Device().kernels[-1] == REFERENCE.kernels[-1] == "reference"
    assert REFERENCE.xp is np
