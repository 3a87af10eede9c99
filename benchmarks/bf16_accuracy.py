"""Training in bf16 against fp32: accuracy on Fashion-MNIST's test images after the same epochs, three seeds each.

MXTRAIN_DATA=data python benchmarks/bf16_accuracy.py --write docs/performance.md
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from report import replace_between, table

PRECISIONS = ("fp32", "bf16")
ALLOWED = 0.3
"""Points between the means."""


def accuracy(config: str, seed: int, precision: str, epochs: int, runs: str) -> float:
    """Per cent right after the last epoch of `mxtrain fit`."""
    keys = [f"seed={seed}", f"precision={precision}", f"epochs={epochs}", "checkpoint.every=0", "log.progress=off"]
    command = [sys.executable, "-m", "mxtrain", "fit", config, *keys, "--runs", runs]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    lines = map(json.loads, Path(done.stdout.strip(), "metrics.jsonl").read_text().splitlines())
    return 100 * float([e["metrics"]["accuracy"] for e in lines if e["event"] == "eval"][-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="fashion-mnist-conv2bn")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    parser.add_argument("--write", type=Path, help="put the table between the marks <!-- bf16 --> of a page")
    args = parser.parse_args()
    found: dict[str, list[float]] = {p: [] for p in PRECISIONS}
    seconds = dict.fromkeys(PRECISIONS, 0.0)
    with tempfile.TemporaryDirectory() as runs:
        for seed in args.seeds:
            for precision in PRECISIONS:
                begun = time.monotonic()
                found[precision].append(accuracy(args.config, seed, precision, args.epochs, runs))
                seconds[precision] += time.monotonic() - begun
                print(f"seed {seed}, {precision}: {found[precision][-1]:.2f} %", file=sys.stderr, flush=True)
    mean = {p: statistics.fmean(found[p]) for p in PRECISIONS}
    rows = [[p, *(f"{a:.2f}" for a in found[p]), f"{mean[p]:.2f}", f"{seconds[p]:.0f}"] for p in PRECISIONS]
    heads = ["accuracy, %", *(f"seed {s}" for s in args.seeds), "mean", "seconds of all"]
    difference = mean["bf16"] - mean["fp32"]
    reached = "within" if abs(difference) <= ALLOWED else "not within"
    text = (
        f"{args.config}, {args.epochs} epochs:\n\n{table(heads, rows)}\n"
        f"bf16 - fp32: {difference:+.2f} points; {reached} {ALLOWED}.\n"
    )
    print(text)
    if args.write:
        replace_between(args.write, "bf16", f"## Accuracy in bf16\n\n{text}")


if __name__ == "__main__":
    main()
