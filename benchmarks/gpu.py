"""Everything that is measured on a GPU, in one call of under ten minutes: what is there, what the chip gives, whether
the tests that need it pass, and images per second of each net beside PyTorch and JAX, with memory and roofline.

    python benchmarks/gpu.py --torch torch-env/bin/python --jax jax-env/bin/python --write docs/gpu-performance.md

Prints Markdown and asserts nothing. Each side runs in a process of its own, one at a time, in alternation (A B C A B
C); data lies on the device; times are of GPU events around windows of steps, their median with the least and the most,
and the host's time per step beside it. What does not fit into --minutes is left out and said.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import gpu_roofline
from report import replace_between, table

HERE = Path(__file__).parent
ROOT = HERE.parent
WARM_UP, WINDOWS, STEPS = 50, 7, 50


@dataclass(frozen=True)
class Net:
    """A row.

    Args:
        keys: of the net, as `mxtrain bench net` takes them.
        batches: samples of a step; the first one where time is short.
        target: ours to the best peer.
        precision: of all sides.
        classes: of the labels.
    """

    name: str
    batches: tuple[int, ...]
    target: float
    keys: tuple[str, ...] = ()
    shape: str = "3,224,224"
    precision: str = "bf16"
    classes: int = 1000
    peer: str = ""


NETS = {
    "resnet-50": Net("resnet", (256, 64, 128, 400), 1.2, ("depth=50", "version=1.5")),
    "lenet": Net("lenet", (64,), 2.0, (), "1,28,28", "fp32", 10),
    "resnet-20": Net("resnet-cifar", (128,), 2.0, ("depth=20",), "3,32,32", "bf16", 10),
    "alexnet": Net("alexnet", (256,), 1.1),
    "googlenet": Net("googlenet", (256,), 1.1),
    "vgg-16": Net("vgg", (128,), 1.1, ("depth=16",)),
    "inception-v3": Net("inception-v3", (128,), 1.1, (), "3,299,299", peer="inception-v3"),
    "mobilenet-v2": Net("mobilenet-v2", (256,), 1.1),
    "vit-small": Net("vit", (256,), 1.1, ("size=small",), peer="vit-small"),
}


class Clock:
    """What is left of the time."""

    def __init__(self, minutes: float) -> None:
        self.end = perf_counter() + 60 * minutes

    @property
    def left(self) -> float:
        return self.end - perf_counter()


def probe() -> dict[str, Any]:
    """What the chip is and gives: copies in bytes per second (read and written), 16-bit products in operations."""
    import cupy

    from mxtrain.backends import cuda

    gpu = cuda.cuda_of(cuda.make_device(0))
    size = 1 << 30
    a, b = (cupy.empty(size, cupy.uint8) for _ in range(2))
    left, right = (cupy.zeros((8192, 8192), cupy.float16) for _ in range(2))
    out = cupy.empty((8192, 8192), cupy.float16)
    found = {}
    for name, run, work in (
        ("copy", lambda: cupy.copyto(b, a), 2.0 * size),
        ("product", lambda: cupy.matmul(left, right, out=out), 2.0 * 8192**3),
    ):
        run()
        times = []
        for _ in range(7):
            first, last = gpu.new_event(), gpu.new_event()
            first.record()
            for _ in range(10):
                run()
            last.record()
            last.synchronize()
            times.append(last.since(first) / 1e4)
        found[name] = work / statistics.median(times)
    found["gpu"], found["driver"] = gpu.properties.name, gpu.properties.driver
    found["smi"] = smi("clocks.sm,clocks.mem,power.draw,temperature.gpu,driver_version")
    return found


def smi(query: str) -> str:
    """What nvidia-smi says."""
    try:
        command = ["nvidia-smi", f"--query-gpu={query}", "--format=csv,noheader", "-i", "0"]
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired) as e:
        return f"nvidia-smi: {e}"


def check(clock: Clock, seconds: float) -> str:
    """The tests that need a GPU, in one line per outcome."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-m",
        "gpu",
        "-q",
        "--no-header",
        "-p",
        "no:cacheprovider",
        "tests",
    ]
    try:
        limit = min(seconds, clock.left)
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return f"the tests took longer than {seconds:.0f} s and were stopped; run them alone: pytest -m gpu"
    lines = done.stdout.strip().splitlines()
    failed = [line for line in lines if line.startswith(("FAILED", "ERROR"))]
    return "\n".join([*failed, lines[-1] if lines else done.stderr.strip()[-400:]])


def commands(args: argparse.Namespace, row: Net, batch: int) -> dict[str, list[str]]:
    """Command line of every side."""
    peers = HERE / "peers"
    counts = [str(n) for n in (args.warm_up, args.windows, args.steps)]
    shape = [row.shape, str(row.classes)]
    ours = [sys.executable, str(peers / "gpu_ours.py"), row.name, str(batch), row.precision]
    found = {"ours": [*ours, "graph", *counts, *row.keys], "ours eager": [*ours, "eager", *counts, *row.keys]}
    if args.torch:
        script = [args.torch, str(peers / "gpu_torch.py"), row.peer or row.name, str(batch), row.precision]
        found["torch eager"] = [*script, "eager", *counts, *shape]
        found["torch.compile"] = [*script, "compile", *counts, *shape]
    if args.jax and row.name == "resnet":
        script = [args.jax, str(peers / "gpu_jax.py"), row.name, str(batch), row.precision, "jit"]
        found["JAX"] = [*script, *counts, *shape]
    return {side: found[side] for side in args.sides if side in found}


def visit(command: list[str], limit: float) -> dict[str, Any]:
    """One process; what it measured, or why it did not."""
    try:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False, env=environment)
    except subprocess.TimeoutExpired:
        return {"error": f"longer than {limit:.0f} s"}
    try:
        return dict(json.loads(done.stdout.strip().splitlines()[-1]))
    except (ValueError, IndexError):
        said = done.stderr.strip().splitlines()
        return {"error": said[-1][:200] if said else f"exit code {done.returncode}"}


def measure(args: argparse.Namespace, row: Net, batch: int, clock: Clock) -> dict[str, dict[str, Any]]:
    """Of one net and batch: what each side measured, its windows of all rounds together."""
    found: dict[str, dict[str, Any]] = {}
    for _ in range(args.rounds):
        for side, command in commands(args, row, batch).items():
            if "error" in found.get(side, {}) or clock.left < 20:
                continue
            said = visit(command, min(args.limit, clock.left))
            if side in found and "error" not in said:
                for key in ("seconds", "wall", "host"):
                    found[side][key] += said[key]
            else:
                found[side] = said
    return found


def speed_rows(name: str, batch: int, row: Net, found: dict[str, dict[str, Any]]) -> list[list[str]]:
    """Lines of the table of speeds."""
    theirs = [statistics.median(f["seconds"]) for s, f in found.items() if "ours" not in s and "error" not in f]
    rows = []
    for side, f in found.items():
        if "error" in f:
            rows.append([name, str(batch), side, *["-"] * 7, f["error"]])
            continue
        s = f["seconds"]
        median = statistics.median(s)
        ratio = f"{min(theirs) / median:.2f} of {row.target}" if theirs and side == "ours" else ""
        rows.append([
            name, str(batch), side, f"{batch / median:,.0f}", f"{batch / max(s):,.0f} to {batch / min(s):,.0f}",
            f"{statistics.median(f['wall']) * 1e3:.2f}", f"{statistics.median(f['host']) * 1e6:,.0f}",
            f"{f['peak'] / 2**30:.2f}", f"{f['ready']:.0f}", ratio, "; ".join(f.get("said", [])) or _curve(f["losses"]),
        ])  # fmt: skip
    return rows


def _curve(losses: list[float]) -> str:
    return f"loss {losses[0]:.3f} to {losses[-1]:.3f} in {len(losses)}" if losses else ""


SIDES = ("ours", "ours eager", "torch eager", "torch.compile", "JAX")
HEADS = ["net", "batch", "side", "images/s", "least to most", "wall ms", "host us", "GiB", "ready s", "ratio", "notes"]


def kernel_table(f: dict[str, Any], bandwidth: float) -> str:
    """Operators of one step: calls, microseconds, bytes, share of the bandwidth."""
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
    for c in f["calls"]:
        total = sums[c["op"], c["kernel"]]
        total[0], total[1], total[2] = total[0] + 1, total[1] + c["seconds"], total[2] + c["bytes"]
    order = sorted(sums.items(), key=lambda item: -item[1][1])
    rows = [
        [op, kernel, f"{n:.0f}", f"{s * 1e6:,.0f}", f"{b / 1e6:,.1f}", f"{b / s / bandwidth:.0%}" if s else "-"]
        for (op, kernel), (n, s, b) in order[:25]
    ]
    return table(["operator", "kernel", "calls", "us", "MB", "of the bandwidth"], rows)


def bound_table(batch: int, rate: float, chip: dict[str, Any]) -> str:
    """Shares of the bounds of ResNet-50."""
    rows = [
        [name, f"{moved / 1e6:.1f}", f"{bound:,.0f}", f"{rate / bound:.0%}"]
        for name, (moved, bound) in gpu_roofline.bounds(batch, chip["copy"], chip["product"]).items()
    ]
    return table(["fused", "MB/image", "images/s at most", "share"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", help="interpreter of an environment with PyTorch for CUDA")
    parser.add_argument("--jax", help="interpreter of an environment with JAX for CUDA")
    parser.add_argument("--nets", default=",".join(NETS), help="rows, in order of importance")
    parser.add_argument("--sides", nargs="*", choices=SIDES, default=SIDES)
    parser.add_argument("--minutes", type=float, default=9.5, help="after which no more is begun")
    parser.add_argument("--limit", type=float, default=90.0, help="seconds of one process")
    parser.add_argument("--rounds", type=int, default=1, help="visits of each side")
    parser.add_argument("--check", type=float, default=150.0, help="seconds for the tests that need a GPU; 0: none")
    parser.add_argument("--all-batches", action="store_true", help="every batch of a net, not only its first")
    parser.add_argument("--warm-up", type=int, default=WARM_UP)
    parser.add_argument("--windows", type=int, default=WINDOWS)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--write", type=Path, help="page that the tables are put into")
    args = parser.parse_args()
    from mxtrain.train.device import missing

    lacking = missing()
    if lacking:
        sys.exit("no GPU can be used on this machine:\n  " + "\n  ".join(lacking))
    clock = Clock(args.minutes)
    chip = probe()
    parts = [
        f"{chip['gpu']}, CUDA {chip['driver']}; {chip['smi']}",
        f"copies {chip['copy'] / 1e12:.2f} TB/s, products {chip['product'] / 1e12:,.0f} TFLOP/s",
    ]
    if args.check:
        parts.append("```\n" + check(clock, args.check) + "\n```")
    print("\n\n".join(parts), flush=True)
    rows, left_out, details = [], [], []
    for name in args.nets.split(","):
        row = NETS[name]
        for batch in row.batches if args.all_batches else row.batches[:1]:
            if clock.left < 30:
                left_out.append(f"{name} at {batch}")
                continue
            found = measure(args, row, batch, clock)
            new = speed_rows(name, batch, row, found)
            rows += new
            print(table(HEADS, new), flush=True)
            ours = found.get("ours", {"error": ""})
            if name == "resnet-50" and "error" not in ours:
                rate = batch / statistics.median(ours["seconds"])
                details += [bound_table(batch, rate, chip), kernel_table(ours, chip["copy"])]
                details.append("chosen: " + ", ".join(f"{k} = {v}" for k, v in sorted(ours["choices"].items())))
    parts += [table(HEADS, rows), *details]
    if left_out:
        parts.append(f"Left out, for lack of time: {', '.join(left_out)}.")
    print("\n\n".join([*details, *parts[3 + len(details) :]]))
    if args.write:
        replace_between(args.write, "gpu", "\n\n".join(parts))


if __name__ == "__main__":
    main()
