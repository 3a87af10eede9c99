"""Several GPUs, all of them fakes, whose ranks are threads: the same training as on one with the whole batch."""

from __future__ import annotations

import numpy as np
import pytest

from mxtrain.backends import cuda
from mxtrain.backends.cuda import libraries, nccl
from mxtrain.base.device import Device
from mxtrain.base.errors import BackendUnavailable, ConfigError, DistributedError, NumericError
from mxtrain.data.batch import Batch
from mxtrain.formats import ndarray_list
from mxtrain.train.replicas import split
from tests.backends.cuda.fake import FakeCuda
from tests.backends.cuda.test_fake import needs_compiler
from tests.kvstore.world import Threads, World


@pytest.fixture
def gpus(monkeypatch):
    """A machine with many GPUs; those that were made."""
    made = {}

    def make(index=0, **options):
        made[index] = FakeCuda()
        return Device(f"gpu:{index}", ("cuda", "reference"), options["threads"], made[index])

    def connect(device, rank, size, world):
        world.size = size
        return Threads(world, rank)

    monkeypatch.setattr(cuda, "why_not", lambda: ())
    monkeypatch.setattr(libraries, "states", list)
    monkeypatch.setattr(cuda, "make_device", make)
    monkeypatch.setattr(nccl, "why_not", lambda: "")
    monkeypatch.setattr(nccl, "unique_id", lambda: World(made["size"]))
    monkeypatch.setattr(nccl, "connect", connect)
    return made


def arrays(run):
    return ndarray_list.load(run.file(".params"))


CASES = {
    "plain": {},
    "parts": {"grad_accum": 2, "data": {"last_batch": "drop"}},
    "fp16": {"precision": "fp16"},
    "adam, average, host metric": {
        "optimizer": {"name": "adam", "lr": 0.01}, "ema": {"decay": 0.9}, "metrics": ["accuracy", "perplexity"],
    },
}  # fmt: skip


@needs_compiler
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("count", [2, 3])
def test_several_train_as_one_with_the_whole_batch(bench, gpus, name, count):
    gpus["size"] = count
    one, many = (bench.fit(device=d, cuda_graph=False, **CASES[name]) for d in ("gpu", f"gpu:0-{count - 1}"))
    assert set(gpus) == {"size", *range(count)}
    for n, a in arrays(one).items():
        np.testing.assert_allclose(arrays(many)[n], a, rtol=2e-3, atol=2e-4, err_msg=n)
    for a, b in zip(many.lines("epoch"), one.lines("epoch"), strict=True):
        assert a["metrics"] == pytest.approx(b["metrics"], rel=2e-3, abs=2e-4)


@needs_compiler
def test_a_run_goes_on_from_one_gpu_on_two(bench, gpus):
    gpus["size"] = 2
    run = bench.fit(device="gpu", epochs=1, optimizer={"name": "adam", "lr": 0.01})
    more, alone = (
        bench.resume(run.path, "device=gpu:0-1", "epochs=2"),
        bench.fit(device="gpu", epochs=2, optimizer={"name": "adam", "lr": 0.01}),
    )
    for n, a in arrays(alone).items():
        np.testing.assert_allclose(arrays(more)[n], a, rtol=2e-3, atol=2e-4, err_msg=n)


@needs_compiler
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_failure_of_one_ends_all(bench, gpus):
    gpus["size"] = 2
    with pytest.raises((NumericError, DistributedError)):
        bench.fit(device="gpu:0-1", cuda_graph=False, optimizer={"name": "sgd", "lr": 1e30}, epochs=20)


def test_without_nccl_one_error_says_so(bench, gpus, monkeypatch):
    monkeypatch.setattr(nccl, "why_not", lambda: "libnccl.so.2 was not found; `pip install 'mxtrain[nccl]'` gives it")
    with pytest.raises(BackendUnavailable, match=r"device gpu:0-1: several GPUs need NCCL: libnccl"):
        bench.built(device="gpu:0-1")


def test_a_last_batch_that_cannot_be_divided_is_refused_at_the_start(bench, gpus):
    gpus["size"] = 6
    with pytest.raises(ConfigError, match="the last batch of an epoch has 5 samples, .* among 6 GPUs"):
        bench.fit(device="gpu:0-5")


def batch(rows):
    return Batch({"x": np.arange(rows)}, {"y": np.arange(rows)}, rows - 1, np.arange(rows), 100)


def test_a_batch_is_divided_in_order():
    parts = split(batch(11), 3)
    assert [len(p.ids) for p in parts] == [4, 4, 3] and [p.first for p in parts] == [100, 104, 108]
    assert [p.valid for p in parts] == [4, 4, 2]
    assert np.concatenate([p.inputs["x"] for p in parts]).tolist() == list(range(11))


def test_a_batch_that_cannot_be_divided():
    with pytest.raises(ConfigError, match="a batch of 2 samples cannot be divided among 3 GPUs"):
        split(batch(2), 3)
