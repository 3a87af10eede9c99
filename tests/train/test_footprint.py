from __future__ import annotations

import subprocess
import sys

import pytest

from mxtrain.train.check import STRATEGIES, check_config, largest_batches
from mxtrain.train.fit import load_config
from mxtrain.train.footprint import START, largest
from tests.train.runs import CONV, MLP

MIB = 1 << 20


def peaks(bench, **changes):
    return check_config(*load_config(bench.config(**changes), [])).footprints


def test_what_a_footprint_is_made_of(bench):
    f = peaks(bench, net=CONV)["both"]
    sizes = [f.parameters, f.activations, f.packed, f.inputs, f.program]
    assert min(sizes) > 0 and f.peak == sum(sizes)
    # Parameters, gradients and momentum; auxiliaries once: 4 x 9 + 2 x 4 + 3 x 145 and 3; 2 x 4.
    assert f.parameters == 4 * (3 * (36 + 8 + 3 * 144 + 3) + 8)


def test_what_adds_to_it(bench):
    plain, average = (peaks(bench, net=MLP, **c)["both"] for c in ({}, {"ema": {"decay": 0.9}}))
    assert average.parameters - plain.parameters >= 2 * (plain.parameters // 3)
    adam = peaks(bench, net=MLP, optimizer={"name": "adam", "lr": 0.1})["both"]
    assert adam.parameters * 3 == plain.parameters * 4
    assert peaks(bench, net=MLP, batch_size=16)["both"].activations > plain.activations
    assert peaks(bench, net=MLP, data={"val": None})["both"].program < plain.program
    assert peaks(bench, net=MLP, eval_batch_size=800)["both"].activations > 2 * plain.activations


@pytest.mark.parametrize("fixed", [0, 100, 5000])
@pytest.mark.parametrize("each", [1, 7, 900])
@pytest.mark.parametrize("budget", [99, 5000, 123_456, 10_000_000])
@pytest.mark.parametrize("guess", [1, 64, 5000])
def test_the_largest_batch(fixed, each, budget, guess):
    asked = []

    def needed(batch):
        asked.append(batch)
        return fixed + each * batch + 3 * (batch // 10)

    found = largest(needed, budget, guess)
    assert found == 0 or needed(found) <= budget
    assert needed(found + max(1, found // 64) + 1) > budget
    assert len(asked) < 16


def test_the_largest_batch_there_may_be():
    assert largest(lambda batch: batch, 1 << 60, 8, most=1000) == 1000
    assert largest(lambda batch: batch, 900, 8, most=1000) in range(885, 901)


def test_a_budget_per_strategy(bench):
    record, tree, where = load_config(bench.config(net=CONV), [])
    found = largest_batches(record, tree, where, START + 64 * MIB)
    assert set(found) == set(STRATEGIES)
    assert 8 < found["none"] <= found["inplace"] <= found["both"] and found["none"] <= found["co-share"]
    assert set(largest_batches(record, tree, where, START).values()) == {0}


def test_the_peak_of_a_process_is_as_predicted(bench, tmp_path):
    code = f"""
import sys
import mxtrain.train.fit
from mxtrain.backends import onednn
from mxtrain.cli.app import run

def peak():
    return next(int(x.split()[1]) * 1024 for x in open("/proc/self/status") if x.startswith("VmHWM"))

onednn.available()
before = peak()
try:
    run(["fit", {bench.config(net=WIDE, batch_size=64)!r}, "--runs", {str(tmp_path)!r}])
finally:
    print("peak", peak() - before, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    peak = int(done.stderr.split("peak ")[1])
    predicted = peaks(bench, net=WIDE, batch_size=64)["both"].peak
    assert abs(predicted - peak) <= 0.05 * peak + 16 * MIB


WIDE = [
    {"convolution": {"num_filter": 256, "kernel": 3, "pad": 1, "name": "conv"}},
    {"activation": {"act_type": "relu"}},
    "flatten",
    {"fully_connected": {"num_hidden": 512, "name": "fc1"}},
    *MLP[3:],
]
