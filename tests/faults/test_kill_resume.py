"""Killed at any moment and resumed, a run ends with the bytes of one that was left alone. Real processes and kills."""

from __future__ import annotations

import signal
import time

import pytest

from tests.train.runs import CONV, Run

RUN = {
    "net": CONV,
    "augment": [{"random_crop": {"size": 8, "pad": 1}}, "flip", {"normalize": {"std": 255}}],
    "ema": {"decay": 0.9},
    "lr_scheduler": {"name": "cosine", "warmup": "3 steps"},
    "checkpoint": {"every": 7, "keep_last": 2},
    "batch_size": 4,
    "epochs": 20,
}
STEPS = 200

CONVOLUTION = {"convolution": {"num_filter": 64, "kernel": 5, "pad": 2}}
SLOW = {
    "net": [CONVOLUTION, CONVOLUTION, CONVOLUTION, CONVOLUTION, {"pooling": {"kernel": 32, "pool_type": "avg"}},
            {"fully_connected": {"num_hidden": 3}}, "softmax_output"],
    "data": {"val": None},
    "augment": [{"resize": {"size": 32}}, {"normalize": {"std": 255}}],
    "batch_size": 37,
    "epochs": 100,
    "checkpoint": {"every": 0},
}  # fmt: skip
"""A run whose steps take long beside a signal, and which is saved only in the end."""


def started(bench):
    """The directory of the run that can be resumed, or None."""
    return next((p.parent for p in sorted(bench.path.glob("runs/tiny/*/meta.json"))), None)


def steps_told(bench):
    """How many steps metrics.jsonl tells of."""
    run = started(bench)
    if run is None or not (run / "metrics.jsonl").exists():
        return 0
    lines = (run / "metrics.jsonl").read_bytes().split(b"\n")
    return sum(b'"event": "train"' in line for line in lines)


def arguments(bench, config):
    """What goes on with the run, or begins it."""
    run = started(bench)
    return ("fit", config) if run is None else ("fit", "--resume", run)


def killed_and_resumed(bench, mxtrain, config, rng, kills):
    """Kill the run so many times, each at another step or in the first moments of the process, then let it end."""
    done = 0
    while done < kills:
        child = mxtrain(*arguments(bench, config))
        if rng.random() < 0.25:
            # While the process starts: imports, reading the checkpoint, cutting back the log.
            time.sleep(rng.uniform(0, 0.4))
        else:
            step = int(0.9 * STEPS * (done + rng.random()) / kills)
            child.until(lambda step=step: steps_told(bench) >= step)
            time.sleep(rng.uniform(0, 0.01))
        if child.process.poll() is None:
            child.send(signal.SIGKILL)
        code, _, said = child.end()
        assert code in (-signal.SIGKILL, 0), said
        done += 1
    code, said, error = mxtrain(*arguments(bench, config)).end()
    assert code == 0, error
    return Run(bench.path / said.strip(), {})


@pytest.mark.parametrize("kills", [6, pytest.param(50, marks=[pytest.mark.slow, pytest.mark.timeout(900)])])
def test_killed_and_resumed_the_run_ends_with_the_same_bytes(bench, mxtrain, rng, kills):
    optimizer = {"name": "adam", "lr": 0.01} if kills == 6 else {"name": "sgd", "lr": 0.05, "momentum": 0.9}
    whole = bench.fit(**RUN, optimizer=optimizer, name="whole")
    run = killed_and_resumed(bench, mxtrain, bench.config(**RUN, optimizer=optimizer), rng, kills)
    assert run.steps[-1] == whole.steps[-1] == STEPS
    for suffix in (".params", ".state"):
        assert run.file(suffix) == whole.file(suffix)
    assert run.state() == whole.state() and run.lines() == whole.lines()
    assert not [p.name for p in (run.path / "checkpoints").iterdir() if p.name.startswith((".tmp", ".trash", ".old"))]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_and_exits(bench, mxtrain, number, code):
    changes = {**RUN, "checkpoint": {"every": 0}}
    config = bench.config(**changes)
    child = mxtrain("fit", config)
    assert child.until(lambda: steps_told(bench) >= 20)
    child.send(number)
    found, out, said = child.end()
    assert (found, out) == (code, "")
    run = Run(started(bench), {})
    (step,) = run.steps
    assert 20 <= step < STEPS and f"stopped by {number.name} after step {step}" in said and "Traceback" not in said
    resumed = bench.resume(run.path)
    assert resumed.file(".params") == bench.fit(**changes, name="whole").file(".params")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGINT, 130)])
def test_a_second_signal_exits_at_once(bench, mxtrain, number, code):
    child = mxtrain("fit", bench.config(**SLOW))
    assert child.until(lambda: child.catches(signal.SIGTERM))
    child.send(number)
    # The first one has been taken note of when the second would act as it does by default.
    assert child.until(lambda: not child.catches(signal.SIGTERM))
    child.send(number)
    found, _, said = child.end()
    assert found == code and "Traceback" not in said
    assert Run(started(bench), {}).steps == []


def test_a_second_process_is_refused(bench, mxtrain):
    child = mxtrain("fit", bench.config(**SLOW))
    assert child.until(lambda: child.catches(signal.SIGTERM))
    code, out, said = mxtrain("fit", "--resume", started(bench), "epochs=+1").end()
    assert (code, out) == (7, "") and f"process {child.process.pid} on" in said and "Traceback" not in said
    assert child.process.poll() is None
