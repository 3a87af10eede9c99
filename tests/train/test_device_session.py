from __future__ import annotations

from mxtrain.backends import cuda
from mxtrain.backends.cuda import libraries
from mxtrain.train.device_session import make_steps
from mxtrain.train.device_step import DeviceSteps
from tests.backends.cuda.fake import fake_device


def test_the_loop_does_all_itself_on_the_host(bench):
    built = bench.built()
    assert make_steps(built, built.feeder(built.train), built.metric_set()) is None


def test_one_gpu(bench, monkeypatch):
    monkeypatch.setattr(cuda, "why_not", lambda: ())
    monkeypatch.setattr(libraries, "states", list)
    monkeypatch.setattr(cuda, "make_device", lambda *args, **options: fake_device())
    built = bench.built(device="gpu", cuda_graph=False, deterministic=True)
    steps = make_steps(built, built.feeder(built.train), built.metric_set())
    assert isinstance(steps, DeviceSteps) and steps.deterministic and not steps.graph
    assert steps.program is built.program
