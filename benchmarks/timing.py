"""Processes that are timed in turn: workers that take steps when they are told to, and whole runs of `mxtrain fit`."""

from __future__ import annotations

import json
import os
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
PATIENCE = 240.0
"""Seconds in which a worker must have answered."""

CONFIG = """\
name: bench
data: {{train: {{name: arrays, path: data.npz}}}}
augment: [normalize: {{mean: 128, std: 64}}]
net: {net}
batch_size: {batch}
epochs: {epochs}
max_steps: {steps}
precision: {precision}
threads: {threads}
optimizer: {{name: sgd, lr: 1e-4, momentum: 0.9, wd: 1e-4}}
metrics: [accuracy, cross_entropy]
checkpoint: {{every: 0}}
log: {{progress: "off", every: {every}}}
"""

FAST = 0.02
"""Seconds of a step below which whole epochs are timed, with all that stands between two of them."""

EPOCH = 100
"""Batches of an epoch of fast steps."""


def environment(threads: int, **more: str) -> dict[str, str]:
    """Of every process: the same number of threads, and no subgraph backend of MXNet unless it is asked for."""
    # Modules are compiled once, as where people install: not at every start.
    kept = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
    fixed = {"OMP_NUM_THREADS": str(threads), "MXNET_SUBGRAPH_BACKEND": "NONE", "MXNET_CPU_WORKER_NTHREADS": "1"}
    return {**kept, **fixed, **more}


class WorkerError(Exception):
    """A worker that did not get as far as its steps."""


class Worker:
    """A process that runs peers/worker.py's `serve`.

    Args:
        command: its command line.
        warm_up: seconds that it may take until it is ready.
    """

    def __init__(self, command: Sequence[str], env: dict[str, str], warm_up: float = PATIENCE) -> None:
        self.process = subprocess.Popen(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env
        )
        begun = time.monotonic()
        self.peak = 0
        self._answer(warm_up)
        self.started = time.monotonic() - begun

    def visit(self, seconds: float, least: int) -> list[float]:
        """Seconds of each step of one visit."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{seconds} {least}\n".encode())
        self.process.stdin.flush()
        return list(self._answer(PATIENCE)["seconds"])

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()

    def _answer(self, patience: float) -> dict[str, list[float]]:
        assert self.process.stdout is not None
        end = time.monotonic() + patience
        while True:
            ready, _, _ = select.select([self.process.stdout], [], [], max(end - time.monotonic(), 0))
            line = self.process.stdout.readline() if ready else b""
            if not line:
                self.process.kill()
                said = self.process.communicate()[1].decode(errors="replace").strip().splitlines()
                why = f"no answer within {patience:.0f} s" if not ready else (said or ["ended without a word"])[-1]
                raise WorkerError(why)
            # Libraries print on stdout too.
            if line.startswith(b"{"):
                answer: dict[str, list[float]] = json.loads(line)
                self.peak = max(self.peak, int(answer.pop("peak")))  # type: ignore[call-overload]
                return answer


def write_run(folder: Path, seconds: float, step: float, **keys: object) -> int:
    """A config and its images for `fit_steps`; the batches of an epoch.

    Args:
        seconds: how long the steps shall take together.
        step: seconds of one step, roughly.
        keys: of CONFIG, and ``shape``.
    """
    fast = step < FAST
    batches = EPOCH if fast else 3
    steps = max(9, int(seconds / step)) if not fast else batches * max(9, int(seconds / step / batches))
    channels, height, width = (int(n) for n in str(keys.pop("shape")).split(","))
    rng = np.random.default_rng(0)
    count = batches * int(str(keys["batch"]))
    images = rng.integers(0, 256, (count, height, width, channels), np.uint8)
    np.savez(folder / "data.npz", data=images, softmax_label=rng.integers(0, 10, count).astype(np.float32))
    text = CONFIG.format(**keys, epochs=-(-steps // batches), steps=steps, every=50 if fast else 1)
    (folder / "bench.yaml").write_text(text)
    return batches if fast else 1


def fit_steps(folder: Path, each: int, env: dict[str, str]) -> tuple[list[float], int]:
    """(seconds per step, epoch by epoch or batch by batch; peak memory) of `mxtrain fit` on what `write_run` wrote.

    Args:
        each: batches between two lines of its log that are compared.
    """
    command = [sys.executable, "-m", "mxtrain", "fit", str(folder / "bench.yaml"), "--runs", str(folder / "runs")]
    errors = folder / "stderr.txt"
    with errors.open("wb") as file:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, env=env)
    assert process.stdout is not None
    said = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise WorkerError(errors.read_text().strip().splitlines()[-1])
    kind = "train" if each == 1 else "epoch"
    lines = map(json.loads, Path(said.strip(), "metrics.jsonl").read_text().splitlines())
    times = [e["time"] for e in lines if e["event"] == kind]
    # The first ones fetch memory and fill caches.
    return [(b - a) / each for a, b in zip(times, times[1:], strict=False)][1:], usage.ru_maxrss * 1024


def median_of(visits: Sequence[Sequence[float]]) -> float:
    """The median over all steps of all visits."""
    return statistics.median([s for visit in visits for s in visit])
