from __future__ import annotations

import pytest

from mxtrain.backends import cuda
from mxtrain.backends.cuda import libraries
from mxtrain.base.device import Device
from mxtrain.base.errors import BackendUnavailable, ConfigError
from mxtrain.train.device import check_name, facts, gpus_of, make_device, missing, take_over
from mxtrain.train.fit import load_config
from tests.backends.cuda.fake import FakeCuda, fake_device


@pytest.mark.parametrize(
    ("name", "numbers"), [("gpu", (0,)), ("gpu:2", (2,)), ("gpu:0-3", (0, 1, 2, 3)), ("gpu:5-5", (5,)), ("cpu", (0,))]
)
def test_names(name, numbers):
    assert check_name(name) == name and gpus_of(name) == numbers


@pytest.mark.parametrize(
    "name", ["cuda", "gpu:", "gpu:-1", "gpu:3-1", "gpu:a", "gpu:0,1", "CPU", "", 0, None, "gpu:0-"]
)
def test_names_that_are_none(name):
    with pytest.raises(ValueError, match="must be cpu, gpu, gpu:1, gpu:0-3 or auto"):
        check_name(name)


def test_a_config_names_the_place_of_a_bad_device(bench):
    with pytest.raises(ConfigError, match=r"device: must be cpu, gpu, gpu:1, gpu:0-3 or auto.*got 'cuda:0'"):
        load_config(bench.config(device="cuda:0"), [])


def test_the_host():
    assert make_device(3).threads == 3 and make_device(1).name == "cpu"


def test_without_a_gpu_there_is_one_error_with_all_that_lacks(monkeypatch):
    monkeypatch.setattr(cuda, "why_not", lambda: ("no driver; install it", "no CuPy; pip install it"))
    monkeypatch.setattr(libraries, "states", list)
    assert make_device(1, "auto").name == "cpu" and len(missing()) == 2
    with pytest.raises(BackendUnavailable) as caught:
        make_device(1, "gpu:1")
    assert str(caught.value).splitlines() == [
        "device gpu:1: no GPU can be used on this machine:", "    no driver; install it", "    no CuPy; pip install it",
        "device=cpu trains without one; `mxtrain doctor` looks again",
    ]  # fmt: skip


@pytest.fixture
def gpu(monkeypatch):
    """A machine with a GPU that is a fake; what it was made with."""
    made = []

    def make(index=0, **options):
        made.append((index, options))
        return Device(f"gpu:{index}", ("cuda", "reference"), options["threads"], FakeCuda())

    monkeypatch.setattr(cuda, "why_not", lambda: ())
    monkeypatch.setattr(libraries, "states", list)
    monkeypatch.setattr(cuda, "make_device", make)
    return made


def test_a_gpu_where_there_is_one(gpu):
    assert make_device(2, "auto").name == "gpu:0"
    device = make_device(2, "gpu:3", deterministic=True, tf32=True)
    assert device.name == "gpu:3" and cuda.cuda_of(device).tf32
    assert gpu == [(0, {"deterministic": False, "threads": 2}), (3, {"deterministic": True, "threads": 2})]


def test_what_a_checkpoint_keeps_is_used_again():
    first, second = fake_device(), fake_device()
    used = cuda.cuda_of(first).tuning
    assert used.choose("conv 3x3", ["slow", "fast"], {"slow": 2.0, "fast": 1.0}.__getitem__) == "fast"
    kept = facts(first)
    assert kept == {"device": "gpu:0", "choices": {"conv 3x3": "fast"}}
    assert take_over(second, kept) == ""
    again = cuda.cuda_of(second).tuning.choose("conv 3x3", ["slow", "fast"], {"slow": 1.0, "fast": 2.0}.__getitem__)
    assert again == "fast"


def test_going_on_elsewhere_is_said():
    assert facts(make_device(1)) == {"device": "cpu", "choices": {}}
    assert take_over(make_device(1), {}) == "" and take_over(make_device(1), {"device": "cpu"}) == ""
    text = take_over(make_device(1), {"device": "gpu:0", "choices": {"a": "b"}})
    assert text == "the checkpoint was made on gpu:0, and the run goes on on cpu: results will differ in bits"
    assert take_over(fake_device(), {"device": "gpu:3"}) == ""
