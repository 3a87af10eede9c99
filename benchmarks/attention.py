"""Training of ViT-tiny with attention as one operator and as the operators it is made of, a step of each in turn in one
process: the time of a step and the memory that is planned for activations. (In prediction it is not merged.)

    python benchmarks/attention.py [fp32 bf16]
"""

from __future__ import annotations

import statistics
import sys
from contextlib import contextmanager
from itertools import product
from time import perf_counter
from typing import Any
from unittest import mock

from report import table

from mxtrain.train.bench import Bare, find_net, make_bare

BATCH, STEPS = 32, 7


@contextmanager
def always(merged: bool) -> Any:
    """Whatever would be chosen."""
    with mock.patch("mxtrain.ops._attention_onednn.wanted", lambda *args, **more: merged):
        yield


def made(precision: str, memory: str) -> Bare:
    """The net, ready to train."""
    config, tree, where = find_net("vit", ["size=tiny", f"precision={precision}", f"memory={memory}"])
    return make_bare(config, tree, where, batch=BATCH)


def block(bare: Bare) -> float:
    """MiB of planned activations."""
    return bare.plan.compiled.memory.block / 2**20


def milliseconds(bare: Bare, done: int) -> float:
    """A step's time."""
    start = perf_counter()
    bare.step(done)
    return (perf_counter() - start) * 1e3


def main() -> None:
    """Print the table."""
    rows = []
    for precision, memory in product(sys.argv[1:] or ("fp32", "bf16"), ("both", "recompute")):
        with always(merged=False):
            other = made(precision, memory)
        with always(merged=True):
            bare = made(precision, memory)
        pairs = [(milliseconds(other, k), milliseconds(bare, k)) for k in range(STEPS + 1)][1:]
        was, now = (statistics.median(t) for t in zip(*pairs, strict=True))
        mib = (f"{block(other):.0f}", f"{block(bare):.0f}")
        rows.append((precision, memory, f"{was:.0f}", f"{now:.0f}", f"{was / now:.2f}", *mib))
    head = ("precision", "memory", "ms apart", "ms merged", "ratio", "MiB apart", "MiB merged")
    print(table(head, rows))


if __name__ == "__main__":
    main()
