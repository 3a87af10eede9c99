"""Training on a GPU: graphs against single calls, resume, memory, the whole path against the host."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from mxtrain.base.errors import EnvironmentFault
from mxtrain.formats import ndarray_list
from mxtrain.train.ring import DEVICES, HOSTS, Ring
from tests.train.runs import CLASSES, CONV, MLP

CROPPED = [{"random_crop": {"size": 8, "pad": 1}}, "flip", {"normalize": {"std": 255}}]
POOLED = [
    {"convolution": {"num_filter": 8, "kernel": 3, "pad": 1, "name": "conv"}},
    {"activation": {"act_type": "tanh"}},
    {"pooling": {"kernel": 2, "stride": 2, "pool_type": "max"}},
    "flatten",
    {"fully_connected": {"num_hidden": CLASSES, "name": "fc"}},
    {"softmax_output": {"name": "softmax"}},
]
PRECISIONS = {"fp32": 1e-4, "tf32": 1e-2, "bf16": 3e-2}


def arrays(run):
    return ndarray_list.load(run.file(".params"))


@pytest.mark.parametrize("net", [MLP, CONV, POOLED], ids=["mlp", "conv", "pooled"])
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_captured_step_gives_the_bits_of_one_that_runs_call_by_call(bench, caplog, net, precision):
    changes = {"net": net, "precision": precision, "deterministic": True, "device": "gpu", "augment": CROPPED}
    graph, eager = (bench.fit(cuda_graph=on, **changes) for on in (True, False))
    assert "call by call" not in caplog.text
    for suffix in (".params", ".state"):
        assert graph.file(suffix) == eager.file(suffix)


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_a_resumed_run_has_the_bits_of_one_that_was_not_stopped(bench, precision):
    config = bench.config(device="gpu", net=CONV, deterministic=True, precision=precision, checkpoint={"every": 4})
    whole, half = bench.start(config), bench.start(config, "max_steps=7")
    rest = bench.resume(half.path, "max_steps=15")
    for suffix in (".params", ".state"):
        assert whole.file(suffix) == rest.file(suffix)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_run_on_a_gpu_is_near_that_on_the_host(bench, precision):
    gpu = bench.fit(device="gpu", net=CONV, precision=precision, epochs=1)
    host = bench.fit(device="cpu", net=CONV, epochs=1)
    on_gpu, on_host = (np.concatenate([a.ravel() for _, a in sorted(arrays(r).items())]) for r in (gpu, host))
    assert np.linalg.norm(on_gpu - on_host) < PRECISIONS[precision] * np.linalg.norm(on_host)


def test_a_checkpoint_of_a_gpu_is_read_by_the_host_and_back(bench):
    run = bench.fit(device="gpu", net=CONV)
    on_gpu, on_host = (run.evaluate(f"device={d}")[0] for d in ("gpu", "cpu"))
    assert on_gpu == pytest.approx(on_host, rel=1e-3, abs=1e-4)
    more = bench.resume(run.path, "device=cpu", "epochs=4")
    assert bench.resume(more.path, "device=gpu", "epochs=5").state()["epoch"] == 5


def test_out_of_memory_is_one_error_and_the_next_run_works(bench):
    bench.save("large", data=np.zeros((4096, 64, 64), np.uint8), softmax_label=np.arange(4096) % 3)
    wide = [{"convolution": {"num_filter": 2048, "kernel": 3, "pad": 1}}, "flatten", *MLP[-2:]]
    data = {"train": {"name": "arrays", "path": "large.npz"}, "val": None}
    with pytest.raises(EnvironmentFault, match=r"out of memory on gpu:0: 4096 samples"):
        bench.fit(device="gpu", net=wide, batch_size=4096, data=data)
    assert bench.fit(device="gpu").values["val.accuracy"] > 0.5


def test_slots_carry_what_was_put_into_them(rng):
    from mxtrain.backends import cuda

    gpu = cuda.cuda_of(cuda.make_device(0))
    size = 8 << 20
    ring, target = Ring(gpu, size), gpu.allocate(size)
    for k in range(5 * HOSTS * DEVICES):
        content = rng.integers(0, 256, size, np.uint8)

        def fill(slot, content=content):
            slot[:] = content
            return size

        d = ring.put(fill)
        function, args = gpu.copy(target, ring.devices[d])
        assert function(*args) == 0
        ring.done(d)
        if k % 7 == 0:
            np.testing.assert_array_equal(gpu.fetch(target), content)
    ring.close()


def test_own_kernels_are_clean_under_the_sanitizer(tmp_path):
    from shutil import which

    tool = which("compute-sanitizer")
    if tool is None:
        pytest.skip("compute-sanitizer, which comes with the CUDA toolkit, is not on the PATH")
    script = "from mxtrain.train.bench import *; b = make_bare(*find_net('lenet', ['device=gpu']), batch=8); "
    script += "[b.step(k) for k in range(3)]; b.program.device.synchronize()"
    for check in ("memcheck", "racecheck", "synccheck"):
        command = [tool, "--tool", check, "--error-exitcode", "9", sys.executable, "-c", script]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stdout[-2000:]
