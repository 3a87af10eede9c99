"""Training on a device that is a fake: the same run as on the host, in whatever way its steps are asked for."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from mxtrain.backends import cuda
from mxtrain.backends.cuda import cublaslt, libraries
from mxtrain.base.device import Device
from mxtrain.base.errors import EnvironmentFault, Interrupted, NumericError
from mxtrain.formats import ndarray_list
from mxtrain.optim import loss_scale
from mxtrain.train.device_step import DeviceSteps
from mxtrain.train.ring import Ring
from mxtrain.train.room import SLACK
from mxtrain.train.updater import Updater
from tests.backends.cuda.fake import FakeCuda
from tests.backends.cuda.fakes import fake_cublaslt
from tests.backends.cuda.test_fake import needs_compiler
from tests.train.captured import fit_both_ways, noted
from tests.train.runs import CONV

pytestmark = needs_compiler


@pytest.fixture
def gpu(monkeypatch):
    """A machine with a GPU that is a fake; the devices that were made."""
    made = []

    def make(index=0, **options):
        made.append(FakeCuda())
        return Device(f"gpu:{index}", ("cuda", "reference"), options["threads"], made[-1])

    monkeypatch.setattr(cuda, "why_not", lambda: ())
    monkeypatch.setattr(libraries, "states", list)
    monkeypatch.setattr(cuda, "make_device", make)
    return made


def arrays(run):
    return ndarray_list.load(run.file(".params"))


CASES = {
    "mlp": {},
    "conv": {"net": CONV, "augment": [{"random_crop": {"size": 8, "pad": 1}}, "flip", {"normalize": {"std": 255}}]},
    "parts": {"grad_accum": 2},
    "mixed": {"mix": [{"mixup": {"alpha": 1.0}}], "augment": ["flip", {"normalize": {"std": 255}}]},
    "cropped parts": {"grad_accum": 2, "augment": [{"random_crop": {"size": 8, "pad": 2, "fill": 7}}, "flip"]},
    "fp16": {"precision": "fp16"},
    "clip": {"clip_global_norm": 0.5},
    "ema": {"ema": {"decay": 0.9}, "optimizer": {"name": "adam", "lr": 0.01}, "lr_scheduler": {"name": "cosine"}},
    "host metric": {"metrics": ["accuracy", {"top_k": {"k": 2}}, "cross_entropy", "perplexity"]},
}


@pytest.mark.parametrize("name", CASES)
def test_a_run_on_a_device_is_that_on_the_host(bench, gpu, name):
    host, device = (bench.fit(device=d, **CASES[name]) for d in ("cpu", "gpu"))
    assert len(gpu) == 1
    for n, a in arrays(device).items():
        np.testing.assert_allclose(a, arrays(host)[n], rtol=2e-3, atol=2e-4, err_msg=n)
    for one, other in zip(device.lines("epoch"), host.lines("epoch"), strict=True):
        assert one["metrics"] == pytest.approx(other["metrics"], rel=2e-3, abs=2e-4)
    assert device.values == pytest.approx(host.values, rel=2e-3, abs=2e-3)


def test_crop_and_flip_are_left_to_the_device(bench, gpu):
    changes = {"augment": [{"random_crop": {"size": 7}}, "flip"]}
    built = bench.built(device="gpu", **changes)
    assert built.train.on_device is not None and built.train.it.types.inputs["data"].shape[1:3] == (8, 8)
    assert built.train.it.net_types.inputs["data"].shape[2:] == (7, 7)
    assert bench.built(**changes).train.on_device is None
    assert bench.built(device="gpu", mix=["mixup"], **changes).train.on_device is None


def test_a_resumed_run_has_the_bits_of_one_that_was_not_stopped(bench, gpu):
    config = bench.config(device="gpu", net=CONV, deterministic=True, checkpoint={"every": 4})
    whole, half = bench.start(config), bench.start(config, "max_steps=6")
    rest = bench.resume(half.path, "max_steps=15")
    assert arrays(whole).keys() == arrays(rest).keys()
    for suffix in (".params", ".state"):
        assert whole.file(suffix) == rest.file(suffix)


def test_a_run_moves_between_devices(bench, gpu, caplog):
    run = bench.fit(device="gpu", epochs=1)
    more = bench.resume(run.path, "device=cpu", "epochs=2")
    assert "made on gpu:0, and the run goes on on cpu" in caplog.text
    back = bench.resume(more.path, "device=gpu", "epochs=3")
    assert back.state()["step"] == 15
    assert back.evaluate("device=cpu")[0]["accuracy"] == pytest.approx(back.values["val.accuracy"])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_is_not_finite_stops_the_run(bench, gpu):
    with pytest.raises(NumericError, match=r"step \d+: loss 'softmax' is (nan|inf)"):
        bench.fit(device="gpu", optimizer={"name": "sgd", "lr": 1e30}, epochs=20)


def test_nothing_is_allocated_once_every_kind_of_step_was_seen(bench, gpu, monkeypatch):
    used, run = [], DeviceSteps.run

    def watched(self, *args):
        run(self, *args)
        used.append(gpu[0]._used)

    monkeypatch.setattr(DeviceSteps, "run", watched)
    bench.fit(device="gpu", epochs=3, data={"val": None})
    assert len(used) == 15 and len(set(used[4:])) == 1


def test_a_batch_that_does_not_fit_is_refused_before_the_first_step(bench, gpu, monkeypatch):
    monkeypatch.setattr(FakeCuda, "free_memory", lambda self: SLACK + 40_000)
    with pytest.raises(EnvironmentFault, match=r"out of memory on gpu:0: 37 samples .*; batch_size=\d+ fits"):
        bench.built(device="gpu", net=CONV, batch_size=64)
    monkeypatch.setattr(FakeCuda, "free_memory", lambda self: SLACK)
    with pytest.raises(EnvironmentFault, match="not even one sample fits"):
        bench.built(device="gpu", net=CONV)


def test_a_run_that_is_stopped_closes_in_order(bench, gpu, monkeypatch):
    closed = []
    run, close = Ring.close, DeviceSteps.run
    monkeypatch.setattr(Ring, "close", lambda self: closed.append(threads()) or run(self))

    def stopping(self, *args):
        close(self, *args)
        raise Interrupted(2, "stopped")

    monkeypatch.setattr(DeviceSteps, "run", stopping)
    with pytest.raises(Interrupted):
        bench.fit(device="gpu", data={"threads": 2})
    assert closed == [0]


def threads():
    """Data workers that are alive."""
    return sum(t.name.startswith("mxtrain-data") for t in threading.enumerate())


def test_metrics_of_the_host_are_said_once(bench, gpu, caplog):
    bench.fit(device="gpu", metrics=["accuracy", "perplexity"])
    assert caplog.text.count("metrics that only the host computes make every step wait: perplexity") == 1


NUMBERS_NET = [
    "flatten",
    {"fully_connected": {"num_hidden": 12}},
    {"activation": {"act_type": "relu"}},
    {"fully_connected": {"num_hidden": 1}},
    "linear_regression_output",
]


@pytest.fixture
def products(gpu, monkeypatch):
    """A cuBLASLt on the host whose products, as those of a GPU, are noted down while the stream captures."""
    monkeypatch.setattr(cublaslt.Matmul, "call", noted(gpu, cublaslt.Matmul.call))
    with fake_cublaslt():
        yield


@pytest.mark.parametrize("changes", [{}, {"precision": "fp16"}, {"grad_accum": 2}, {"ema": {"decay": 0.9}}], ids=str)
def test_a_captured_step_gives_the_bits_of_one_that_runs_call_by_call(bench, products, caplog, changes):
    changes = {"net": NUMBERS_NET, "metrics": ["mse"], "epochs": 4, "checkpoint": {"monitor": "val.mse"}, **changes}
    run, launched = fit_both_ways(bench, **changes)
    assert "call by call" not in caplog.text and launched > 8
    assert run.lines("epoch")[-1]["metrics"]["loss"] < run.lines("epoch")[0]["metrics"]["loss"]


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_a_classifier_with_its_metrics_is_one_graph(bench, products, caplog, precision):
    fit_both_ways(bench, precision=precision, epochs=4, augment=["flip", {"normalize": {"std": 255}}])
    assert "call by call" not in caplog.text and "make every step wait" not in caplog.text


OVERFLOWS = {
    "precision": "fp16", "epochs": 8, "optimizer": {"name": "adam", "lr": 0.01}, "lr_scheduler": {"name": "cosine"},
    "checkpoint": {"every": 3},
}  # fmt: skip


@pytest.fixture
def overflows(monkeypatch):
    """So large a scale takes the gradient of a score beyond what float16 holds, in the first steps."""
    monkeypatch.setattr(loss_scale, "START", 2.0**24)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_skipped_steps_advance_the_schedule_on_a_device_as_on_the_host(bench, gpu, overflows):
    host, device = (bench.fit(device=d, **OVERFLOWS) for d in ("cpu", "gpu"))
    skipped = [float(ndarray_list.load(r.file(".state"))["loss_scale:skipped"][0]) for r in (host, device)]
    assert skipped[0] == skipped[1] > 4
    assert [e["lr"] for e in device.lines("epoch")] == [e["lr"] for e in host.lines("epoch")]
    for n, a in arrays(device).items():
        np.testing.assert_allclose(a, arrays(host)[n], rtol=2e-3, atol=2e-4, err_msg=n)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_host_asks_once_how_many_steps_were_skipped(bench, gpu, overflows, monkeypatch):
    asked, ask = [], Updater.skipped.fget
    monkeypatch.setattr(Updater, "skipped", property(lambda self: asked.append(0) or ask(self)))
    bench.fit(device="gpu", **OVERFLOWS)
    assert len(asked) <= 2


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_resumed_run_that_skipped_steps_has_the_bits_of_one_that_was_not_stopped(bench, gpu, overflows):
    schedule = {"name": "factor", "step": 2, "factor": 0.9}  # a cosine would end where `max_steps` does
    config = bench.config(device="gpu", deterministic=True, **{**OVERFLOWS, "lr_scheduler": schedule})
    whole, half = bench.start(config), bench.start(config, "max_steps=10")
    rest = bench.resume(half.path, "max_steps=40")
    for suffix in (".params", ".state"):
        assert whole.file(suffix) == rest.file(suffix)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_graph_with_skipped_steps_gives_the_bits_of_single_calls(bench, products, overflows, caplog):
    fit_both_ways(bench, **OVERFLOWS)
    assert "call by call" not in caplog.text


def test_what_keeps_a_step_from_being_captured_is_said_once(bench, gpu, caplog):
    bench.fit(device="gpu", net=CONV)
    assert caplog.text.count("steps are not run as one CUDA graph, but call by call: ") == 1
