from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mxtrain.backends import cuda
from mxtrain.backends.cuda import cudnn_attention
from mxtrain.backends.cuda.cudnn_attention import Problem, fused_backward, fused_forward
from mxtrain.backends.cuda.libraries import CUDNN
from mxtrain.backends.cuda.library import NVRTC, find
from mxtrain.base.bfloat16 import narrow, widen
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.fakes import built, fake_cudnn, needs_compiler

P = Problem(2, 3, 5, 7, 8, 16, "bfloat16", 0.5)


def rounded(a):
    return widen(narrow(a.astype(np.float32))).astype(np.float64)


def arrays_of(device, p, names, rng):
    """Device buffers by name, and what is in them."""
    values = {n: rng.standard_normal(p.shapes[n]) for n in names}
    buffers = {}
    for n, v in values.items():
        held = v.astype(np.float32) if n == "stats" else narrow(v.astype(np.float32))
        values[n] = held.astype(np.float64) if n == "stats" else rounded(v)
        buffers[n] = device.zeros(held.nbytes)
        device.put(buffers[n], held.reshape(-1).view(np.uint8))
    return buffers, values


def fetched(device, p, buffers, name):
    host = device.fetch(buffers[name])
    flat = host.view(np.float32) if name == "stats" else widen(host.view(np.uint16))
    return flat.reshape(p.shapes[name]).astype(np.float64)


def run(device, fused, buffers):
    space = device.zeros(fused.workspace + 256)
    where = device.address(space)
    function, args = fused.call({n: device.address(a) for n, a in buffers.items()}, where + -where % 256)
    assert function(*args) == 0


def exact(p, v):
    scores = p.scale * v["query"] @ v["key"].swapaxes(-1, -2)
    stats = np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    return np.exp(scores - stats), stats


@needs_compiler
@pytest.mark.parametrize("stats", [False, True])
def test_forward(stats, rng):
    device = fake_device()
    with fake_cudnn() as fake:
        fused = fused_forward(device, P, stats=stats)
        assert fused.names == ["query", "key", "value", *(["stats"] if stats else []), "output"]
        buffers, values = arrays_of(device, P, fused.names, rng)
        run(device, fused, buffers)
        assert fake.log[-1].startswith("graph of 10, engine")
        weights, logarithms = exact(P, values)
        np.testing.assert_allclose(
            fetched(device, P, buffers, "output"), weights @ values["value"], rtol=0.02, atol=0.02
        )
        if stats:
            np.testing.assert_allclose(fetched(device, P, buffers, "stats"), logarithms, rtol=1e-5, atol=1e-5)


@needs_compiler
@pytest.mark.parametrize("deterministic", [False, True])
def test_backward(deterministic, rng):
    device = fake_device()
    device.runtime.tuning.deterministic = deterministic
    with fake_cudnn():
        fused = fused_backward(device, P)
        assert ("total" in fused.described.own) == (fused.plan.name.startswith("summed"))
        assert not (deterministic and (fused.plan.name.startswith("summed") or fused.plan.name.endswith("/3")))
        buffers, v = arrays_of(device, P, fused.names, rng)
        weights, stats = exact(P, v)
        v["output"] = rounded(weights @ v["value"])
        device.put(buffers["stats"], stats.astype(np.float32).reshape(-1).view(np.uint8))
        device.put(buffers["output"], narrow(v["output"].astype(np.float32)).reshape(-1).view(np.uint8))
        run(device, fused, buffers)
        dweights = v["doutput"] @ v["value"].swapaxes(-1, -2)
        slopes = P.scale * weights * (dweights - (dweights * weights).sum(axis=-1, keepdims=True))
        want = {
            "dquery": slopes @ v["key"],
            "dkey": slopes.swapaxes(-1, -2) @ v["query"],
            "dvalue": weights.swapaxes(-1, -2) @ v["doutput"],
        }
        for name, w in want.items():
            np.testing.assert_allclose(fetched(device, P, buffers, name), w, rtol=0.03, atol=0.03 * np.abs(w).max())


@needs_compiler
def test_a_graph_that_the_library_refuses_is_said_once(caplog):
    caplog.set_level(logging.DEBUG)
    cudnn_attention._SAID.clear()
    with fake_cudnn() as fake:
        fake.fail("cudnnBackendFinalize", 3001)
        assert fused_forward(fake_device(), P, stats=True) is None
        assert fused_forward(fake_device(), P, stats=True) is None
    said = [r for r in caplog.records if "does not fuse an attention" in r.message]
    assert len(said) == 1 and said[0].levelno == logging.DEBUG and "3001" in said[0].message


@needs_compiler
def test_what_is_not_asked(monkeypatch):
    with fake_cudnn():
        assert fused_forward(fake_device(), P._replace(dtype="float32"), stats=False) is None
        assert fused_forward(fake_device(), P._replace(keys=0), stats=False) is None
        assert fused_forward(fake_device(), P._replace(depth=12), stats=False) is None
        assert fused_forward(cuda.planned_device(), P, stats=False) is None
        monkeypatch.setattr(cudnn_attention, "OLDEST", (9, 20))
        assert fused_forward(fake_device(), P, stats=False) is None


@needs_compiler
def test_the_choice_is_kept_and_given():
    device = fake_device()
    with fake_cudnn():
        assert fused_forward(device, P, stats=True) is not None
        (key,) = device.runtime.tuning.used
        other = fake_device()
        other.runtime.tuning.give({key: "2/3"})
        assert fused_forward(other, P, stats=True).plan.name == "2/3"


@needs_compiler
@needs_compiler
def test_layers_of_one_shape_share_a_plan():
    device = fake_device()
    with fake_cudnn() as fake:
        first = fused_backward(device, P)
        living = fake.living
        assert fused_backward(device, P) is first and fake.living == living
        assert fused_backward(device, P._replace(scale=0.25)) is not first


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("sm", [800, 900, 1000])
def test_the_real_library_makes_plans_of_our_graphs(sm, dtype):
    # For a GPU that is not there: the library knows the graphs, and compiles its kernels for them.
    if find(CUDNN) is None or find(NVRTC) is None:
        pytest.skip("libcudnn.so.9 is not installed")
    driver = built("fake_driver", "libcuda.so.1")
    command = [sys.executable, "-m", "tests.backends.cuda.deviceless", driver, str(sm), dtype]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for graph in json.loads(done.stdout):
        assert graph["plans"], graph
