from __future__ import annotations

import numpy as np
import pytest

from mxtrain.backends.cuda.launch import Grid, Kernel, launch
from mxtrain.backends.cuda.source import Source
from tests.backends.cuda.emulate import compiler
from tests.backends.cuda.fake import fake_device

needs_compiler = pytest.mark.skipif(compiler() is None, reason="no g++ on Linux x86-64: kernels cannot be emulated")

SUMS = Source("sums.cu", """
extern "C" __global__ void sums(const T* x, float* out, long long n) {
    float total = 0;
    for (int64 i = GLOBAL_THREAD; i < n; i += GLOBAL_THREADS) total += widen(x[i]);
    total = reduce_block<Sum>(total, 0);
    if (threadIdx.x == 0) out[blockIdx.x] = total;
}
extern "C" __global__ void beside(float* out) { out[threadIdx.x] = 1; }
extern "C" __global__ void stuck(float* out) { if (threadIdx.x) __syncthreads(); else __syncwarp(); out[0] = 1; }
""", {"T": ("float32",)})  # fmt: skip


def arrays(device, *hosts):
    made = []
    for h in hosts:
        a = device.empty(h.nbytes).view(h.dtype).reshape(h.shape)
        device.put(a, h)
        made.append(a)
    return made


@needs_compiler
@pytest.mark.parametrize(("dtype", "threads"), [("float32", 256), ("float16", 96)])
def test_a_reduction_runs_over_blocks_threads_and_barriers(rng, dtype, threads):
    device = fake_device()
    host = rng.standard_normal(5000).astype(dtype)
    x, out = arrays(device, host, np.zeros(3, np.float32))
    function, args = launch(device, Kernel(SUMS, "sums", {"T": dtype}), Grid(3, threads=threads), [x, out, 5000])
    assert function(*args) == 0
    want = host.astype(np.float64)
    got = device.fetch(out)
    for b in range(3):
        mine = (np.arange(5000) // threads) % 3 == b
        np.testing.assert_allclose(got[b], want[mine].sum(), rtol=1e-4)


@needs_compiler
def test_a_write_beside_a_buffer_is_found():
    device = fake_device()
    (out,) = arrays(device, np.zeros(31, np.float32))
    function, args = launch(device, Kernel(SUMS, "beside", {"T": "float32"}), Grid(1, threads=32), [out])
    function(*args)
    with pytest.raises(AssertionError, match="beside a buffer"):
        device.fetch(out)


@needs_compiler
def test_a_barrier_that_not_all_reach_fails_the_launch():
    device = fake_device()
    (out,) = arrays(device, np.zeros(1, np.float32))
    function, args = launch(device, Kernel(SUMS, "stuck", {"T": "float32"}), Grid(1, threads=64), [out])
    assert function(*args) == 719


def test_host_functions_and_host_arrays_are_refused():
    device = fake_device()
    (a,) = arrays(device, np.ones(3))
    with pytest.raises(TypeError, match=r"numpy\.concatenate"):
        np.concatenate([a, a])
    with pytest.raises(TypeError, match="host array"):
        a + np.ones(3)
    with pytest.raises(TypeError, match="host array"):
        a[:] = np.ones(3)
    with pytest.raises(AttributeError):
        a.ctypes  # noqa: B018
    assert device.fetch(device.xp.add(a, 1.0, out=a)).tolist() == [2, 2, 2]


def test_capture_refuses_what_cupy_refuses():
    device = fake_device()
    cuda = device.runtime
    (a,) = arrays(device, np.ones(3))
    cuda.begin_capture()
    for forbidden in (lambda: device.xp.dot(a, a), lambda: device.empty(8), lambda: device.fetch(a),
                      device.synchronize):  # fmt: skip
        with pytest.raises(NotImplementedError, match="capture"):
            forbidden()
    cuda.abort_capture()
    assert device.fetch(a).tolist() == [1, 1, 1]
