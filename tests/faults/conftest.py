"""Real child processes of the command line, watched from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.train.runs import Bench, images

ROOT = Path(__file__).parents[2]
PATIENCE = 50.0


@dataclass
class Child:
    """A running `mxtrain` in a process of its own."""

    process: subprocess.Popen

    def until(self, condition):
        """Wait until it holds or the process has ended; whether the process still runs."""
        limit = time.monotonic() + PATIENCE
        while not condition():
            if self.process.poll() is not None:
                return False
            assert time.monotonic() < limit, "the child neither ends nor gets there"
            time.sleep(0.0005)
        return self.process.poll() is None

    def catches(self, number):
        """Whether the process has a handler of its own for a signal."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return False
        (mask,) = [line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")]
        return bool(int(mask, 16) >> (number - 1) & 1)

    def send(self, number):
        self.process.send_signal(number)

    def end(self):
        """(exit code, stdout, stderr) once it has ended."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out, err


@pytest.fixture
def bench(tmp_path):
    """A folder with a tiny data set: 37 samples to train on, 13 to evaluate on."""
    place = Bench(tmp_path)
    for name, count, seed in (("tiny", 37, 0), ("val", 13, 1)):
        pixels, labels = images(count, seed)
        place.save(name, data=pixels, softmax_label=labels)
    return place


@pytest.fixture
def mxtrain(tmp_path):
    """(arguments...) -> a child that works in the test's folder; those that still run are killed in the end."""
    children = []

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "mxtrain", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        children.append(process)
        return Child(process)

    yield start
    for process in children:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()
