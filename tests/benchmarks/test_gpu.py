"""benchmarks/gpu.py where there is no GPU: our side on a fake, and the tables."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import pytest

from mxtrain.backends import cuda
from mxtrain.backends.cuda import libraries
from tests.backends.cuda.fake import fake_device
from tests.backends.cuda.test_fake import needs_compiler

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def module(monkeypatch):
    """A script of benchmarks/ as a module, by its name."""
    for folder in (FOLDER, FOLDER / "peers"):
        monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield __import__
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", None) and str(FOLDER) in str(sys.modules[name].__file__):
            del sys.modules[name]


@needs_compiler
@pytest.mark.parametrize("kind", ["graph", "eager"])
def test_our_side_measures_a_net(module, monkeypatch, capsys, kind):
    monkeypatch.setattr(cuda, "why_not", lambda: ())
    monkeypatch.setattr(libraries, "states", list)
    monkeypatch.setattr(cuda, "make_device", lambda *args, **options: fake_device())
    module("gpu_ours").main("mlp", 4, "fp32", kind, [6, 2, 2], [])
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert len(said["seconds"]) == len(said["wall"]) == 2 and len(said["losses"]) == 6
    assert said["losses"][-1] < said["losses"][0] and said["peak"] > 0 and said["calls"]


def test_tables(module):
    gpu = module("gpu")
    row = gpu.NETS["resnet-50"]
    ours = {
        "seconds": [0.02, 0.03, 0.02],
        "wall": [0.02],
        "host": [1e-4],
        "peak": 2**30,
        "ready": 3.0,
        "losses": [7.0, 6.5],
    }
    ours["calls"] = [{"op": "convolution", "kernel": "cudnn", "seconds": 1e-3, "bytes": 2e9, "flops": 1e9}] * 2
    found = {"ours": ours, "torch eager": ours | {"seconds": [0.04]}, "torch.compile": {"error": "no triton"}}
    rows = gpu.speed_rows("resnet-50", 256, row, found)
    assert [r[3] for r in rows] == ["12,800", "6,400", "-"]
    assert rows[0][9] == "2.00 of 1.2" and rows[2][-1] == "no triton" and rows[0][-1] == "loss 7.000 to 6.500 in 2"
    assert all(len(r) == len(gpu.HEADS) for r in rows)
    assert "| convolution | cudnn | 2 | 2,000 | 4,000.0 | 50% |" in gpu.kernel_table(ours, 4e12)
    assert "| 8,178 | 50% |" in gpu.bound_table(256, 4089, {"copy": 4.3e12, "product": 790e12})


def test_every_net_and_side_has_a_command(module):
    gpu = module("gpu")
    args = argparse.Namespace(torch="t", jax="j", warm_up=1, windows=1, steps=1, sides=gpu.SIDES)
    sides = {name: list(gpu.commands(args, row, 8)) for name, row in gpu.NETS.items()}
    assert sides["resnet-50"] == ["ours", "ours eager", "torch eager", "torch.compile", "JAX"]
    assert sides["lenet"] == ["ours", "ours eager", "torch eager", "torch.compile"]
    from mxtrain.train.bench import find_net

    for row in gpu.NETS.values():
        find_net(row.name, list(row.keys))


def test_what_a_process_says_or_why_not(module):
    gpu = module("gpu")
    assert gpu.visit([sys.executable, "-c", "print('{\"seconds\": [1]}')"], 30) == {"seconds": [1]}
    assert gpu.visit([sys.executable, "-c", "raise SystemExit('no GPU here')"], 30) == {"error": "no GPU here"}
    assert "longer than" in gpu.visit([sys.executable, "-c", "import time; time.sleep(9)"], 0.2)["error"]
