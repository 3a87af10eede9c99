"""ViT-tiny with attention as one operator and as the operators it is made of, in alternation in one process: the time
of a step and the memory that is planned for activations.

    python benchmarks/attention.py [train-fp32 train-bf16 infer-fp32 infer-bf16]
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from contextlib import contextmanager
from time import perf_counter
from typing import Any
from unittest import mock

from report import table

from mxtrain.train.bench import Bare, find_net, make_bare

CASES = (("train", "fp32", 32), ("train", "bf16", 32), ("infer", "fp32", 1), ("infer", "bf16", 1))
ROUNDS, STEPS = 5, 2


@contextmanager
def apart() -> Any:
    """No kernel here wants the merged operator."""
    with mock.patch("mxtrain.ops._attention_onednn.wanted", lambda *args, **more: False):
        yield


def made(mode: str, precision: str, batch: int) -> Bare:
    """The net, ready to run."""
    config, tree, where = find_net("vit", ["size=tiny", f"precision={precision}"])
    return make_bare(config, tree, where, batch=batch, infer=mode == "infer")


def block(bare: Bare) -> float:
    """MiB of planned activations."""
    return bare.plan.compiled.memory.block / 2**20


def times(step: Callable[[int], None], count: int) -> list[float]:
    """Milliseconds of steps."""
    found = []
    for k in range(count):
        start = perf_counter()
        step(k)
        found.append((perf_counter() - start) * 1e3)
    return found


def main() -> None:
    """Print the table."""
    rows = []
    for mode, precision, batch in CASES:
        if sys.argv[1:] and f"{mode}-{precision}" not in sys.argv[1:]:
            continue
        with apart():
            other = made(mode, precision, batch)
        bare = made(mode, precision, batch)
        steps = STEPS if mode == "train" else 10 * STEPS
        ours: list[float] = []
        theirs: list[float] = []
        for k in range(ROUNDS + 1):
            kept = slice(0 if k else steps, None)
            theirs += times(other.step, steps)[kept]
            ours += times(bare.step, steps)[kept]
        now, was = statistics.median(ours), statistics.median(theirs)
        memory = (f"{block(other):.1f}", f"{block(bare):.1f}")
        rows.append((mode, precision, str(batch), f"{was:.1f}", f"{now:.1f}", f"{was / now:.2f}", *memory))
    head = ("", "precision", "batch", "ms apart", "ms merged", "ratio", "MiB apart", "MiB merged")
    print(table(head, rows))


if __name__ == "__main__":
    main()
