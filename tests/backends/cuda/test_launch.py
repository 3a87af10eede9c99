from __future__ import annotations

import numpy as np
import pytest

from mxtrain.backends.cuda.launch import Kernel, blocks, launch, recipe, together
from mxtrain.backends.cuda.source import Source
from mxtrain.base.device import REFERENCE
from mxtrain.base.errors import BackendUnavailable
from tests.backends.cuda.test_fake import needs_compiler

ADD = Source("add.cu", """
extern "C" __global__ void add(const T* x, T* y, const T* more, long long n, float number) {
    int64 i = GLOBAL_THREAD;
    if (i < n) put(y + i, widen(x[i]) + number + (more ? widen(more[i]) : 0));
}
""")  # fmt: skip


@needs_compiler
def test_arguments_of_every_kind(device):
    x, y = (device.zeros(40).view(np.float32) for _ in range(2))
    device.put(x, np.arange(10, dtype=np.float32))
    kernel = Kernel(ADD, "add", {"T": "float32"})
    first = launch(device, kernel, blocks(10), [x, y, None, 10, 0.5])
    second = launch(device, kernel, blocks(10), [y, y, x, 10, 1])
    function, args = together([first, second])
    assert function(*args) == 0
    np.testing.assert_array_equal(device.fetch(y), np.arange(10) * 2 + 1.5)


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ([None, None, None, 1], "takes 5 arguments, got 4"),
        ([None, None, None, 1.5, 0], r"expected a integer, got 1\.5"),
        ([3, None, None, 1, 0], "expected a pointer, got 3"),
        ([None, None, None, 1, None], "expected a number, got None"),
    ],
)
def test_arguments_that_do_not_fit_the_kernel(device, args, text):
    with pytest.raises(TypeError, match=text):
        launch(device, Kernel(ADD, "add", {"T": "float32"}), blocks(1), args)


def test_the_first_true_status_ends_a_sequence():
    ran = []
    calls = [(lambda k=k: ran.append(k) or k, ()) for k in (0, 3, 4)]
    function, args = together(calls)
    assert function(*args) == 3 and ran == [0, 3]


def test_grids():
    assert blocks(1000).x == 4 and blocks(1000, 4).x == 1 and blocks(10**9, most=100).x == 100
    assert blocks(0).x == 1


def test_only_on_a_cuda_device(device):
    assert recipe(device, "add", lambda *a: None).capturable
    with pytest.raises(BackendUnavailable, match="cpu is no CUDA device"):
        launch(REFERENCE, Kernel(ADD, "add"), blocks(1), [None] * 5)
