from __future__ import annotations

import pytest

from mxtrain.backends import cuda
from mxtrain.backends.cuda import libraries
from mxtrain.cli.doctor_command import examine
from mxtrain.train.device import missing

REASONS = ("the driver was not found; install it", "CuPy is not installed; `pip install 'mxtrain[cuda]'` gives it")
STATES = (
    ("cuDNN", "", "", "it was not found; `pip install 'mxtrain[cuda]'` gives it"), ("cuBLASLt", "13.1", "wheel", ""),
    ("NCCL", "", "", "it was not found; `pip install 'mxtrain[nccl]'` gives it"),
)  # fmt: skip


@pytest.fixture
def bare(monkeypatch):
    monkeypatch.setattr(cuda, "why_not", lambda: REASONS)
    monkeypatch.setattr(libraries, "states", lambda: [libraries.State(*s) for s in STATES])


@pytest.fixture
def whole(monkeypatch):
    monkeypatch.setattr(cuda, "why_not", lambda: ())
    monkeypatch.setattr(libraries, "states", list)


def test_what_lacks_is_said_with_what_to_do(bare, mx):
    said = mx("doctor")
    assert said.code == 0 and "gpu: cannot be used\n" in said.out
    assert all(f"  - {text}\n" in said.out for text in REASONS)
    assert "  - cuDNN (convolution, pooling, LRN): it was not found; `pip" in said.out and "cuBLASLt" not in said.out
    assert "gpu extras: not all there\n  - NCCL (several GPUs): it was not found" in said.out


def test_nothing_lacks(whole, mx):
    said = mx("doctor", "--gpu")
    assert said.code == 0 and "gpu: ready\n" in said.out


def test_a_script_can_ask_for_a_gpu(bare, mx):
    said = mx("doctor", "--gpu", "--json")
    assert said.code == 4 and "no GPU can be used" in said.err
    assert said.lines[0]["gpu"][:2] == list(REASONS) and len(said.lines[0]["gpu"]) == 3


def test_a_run_that_asks_for_one_ends_with_code_4(bare, mx, config):
    said = mx("fit", config, "device=gpu")
    assert said.code == 4 and all(text in said.err for text in REASONS) and "device=cpu" in said.err


def test_it_looks_at_this_machine():
    assert examine()["gpu"] == list(missing())
