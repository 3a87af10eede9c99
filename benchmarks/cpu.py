"""The nets of the speed table on the CPU, ours against PyTorch and MXNet in alternation: same net, batch, precision and
threads. Prints milliseconds per step, the ratio best peer / ours beside the target, and peak resident memory.

    python benchmarks/cpu.py --torch torch-env/bin/python --mxnet mxnet-env/bin/python --write docs/performance.md

Ours stands there twice: bare (plan and update), and through the public path, by which it is judged: `mxtrain fit` with
data, metrics and logs, and what `mxtrain predict` does once images are decoded. Peers run a bare step on data that
lies ready. Each visit takes at least seven steps; the medians over all visits are compared. A peer that its first visit
shows a quarter slower than the best one is not visited again. MXNet runs the symbol file of our net.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from report import replace_between, table
from timing import HERE, Worker, WorkerError, environment, fit_steps, median_of, write_run

from mxtrain.config.load import loads
from mxtrain.formats.symbol_json import symbol_text
from mxtrain.formats.symbol_write import from_entries
from mxtrain.symbol.build import build_net
from mxtrain.symbol.compose import settled
from mxtrain.train.shipped import net_folders

STEPS = 7
SLOWER = 1.25
COLUMNS = {"train-fp32": ("train", "fp32"), "train-bf16": ("train", "bf16"), "infer-fp32": ("infer", "fp32")}
PEERS = ("torch eager", "torch channels_last", "torch.compile", "MXNet", "MXNet fused")
OURS = ("ours bare", "ours")


@dataclass(frozen=True)
class Net:
    """A row.

    Args:
        name: of the file in configs/nets, and of the function in torch_zoo.py.
        more: what follows the name in the ``net:`` section.
        batch: samples of a training step.
        shape: of a sample.
        targets: ratios to reach, by column.
        infer: samples of a prediction.
    """

    name: str
    batch: int
    targets: tuple[float, float, float]
    more: str = ""
    shape: str = "3,224,224"
    infer: int = 1

    @property
    def section(self) -> str:
        return f"{{file: {self.name}{self.more}}}"


NETS = {
    "mlp": Net("mlp", 128, (1.2, 2.0, 1.2), shape="1,28,28", infer=128),
    "lenet": Net("lenet", 128, (1.8, 2.4, 1.5), shape="1,28,28", infer=128),
    "resnet-20": Net("resnet-cifar", 128, (1.5, 2.0, 1.3), ", depth: 20", "3,32,32"),
    "alexnet": Net("alexnet", 32, (1.1, 1.9, 1.1)),
    "googlenet": Net("googlenet", 16, (1.4, 2.3, 1.15)),
    "vgg-16": Net("vgg", 8, (1.2, 1.9, 1.1), ", depth: 16"),
    "resnet-50": Net("resnet", 16, (1.15, 1.7, 1.15), ", depth: 50, version: 1.5"),
    "mobilenet-v2": Net("mobilenet-v2", 32, (1.3, 1.6, 1.3)),
    "vit-tiny": Net("vit", 32, (1.1, 1.3, 1.15), ", size: tiny"),
}


def commands(
    args: argparse.Namespace, row: Net, column: str, folder: Path
) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Command line and environment of every worker of a cell."""
    mode, precision = COLUMNS[column]
    batch = row.batch if mode == "train" else row.infer
    plain = environment(args.threads)
    peers = HERE / "peers"
    found: dict[str, tuple[list[str], dict[str, str]]] = {}
    ours = [sys.executable, str(peers / "ours_step.py"), str(folder / "bench.yaml")]
    found["ours bare"] = ([*ours, mode], plain)
    if mode == "infer":
        found["ours"] = ([*ours, "predict"], plain)
    if args.torch:
        kinds = ("eager", "channels_last", *(("compile",) if args.compile else ()))
        for name, kind in zip(PEERS, kinds, strict=False):
            script = [args.torch, str(peers / "torch_step.py"), row.name, str(batch), mode, precision, kind]
            found[name] = ([*script, str(args.threads), row.shape], plain)
    if args.mxnet and precision == "fp32":
        symbol = folder / "net-symbol.json"
        tree = loads(f"net: {row.section}\n", "net.yaml").at(("net",))
        symbol.write_text(symbol_text(from_entries(settled(build_net(tree, search=net_folders(Path.cwd())).entries))))
        command = [args.mxnet, str(peers / "mxnet_step.py"), str(symbol), str(batch), mode, row.shape]
        found["MXNet"] = (command, plain)
        if mode == "infer":
            # As MXNet 1.9.1 calls the backend that fuses.
            found["MXNet fused"] = (command, environment(args.threads, MXNET_SUBGRAPH_BACKEND="MKLDNN"))
    return found


def measure(args: argparse.Namespace, row: Net, column: str) -> dict[str, dict[str, float]]:
    """Of one cell: side -> seconds per step, peak bytes."""
    mode, precision = COLUMNS[column]
    visits: dict[str, list[list[float]]] = {}
    peaks: dict[str, int] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        keys: dict[str, Any] = {"net": row.section, "precision": precision, "threads": args.threads, "shape": row.shape}
        keys["batch"] = row.batch if mode == "train" else row.infer
        run = partial(write_run, folder, args.seconds, **keys)
        each = run(1.0)
        workers: dict[str, Worker] = {}
        for side, (command, env) in commands(args, row, column, folder).items():
            try:
                workers[side] = Worker(command, env, 60.0 if side == "torch.compile" else 240.0)
                stack.callback(workers[side].close)
            except WorkerError as error:
                print(f"{row.name}, {column}: {side}: {error}", file=sys.stderr)
        dropped: set[str] = set()
        for turn in range(args.rounds):
            for side, worker in workers.items():
                if side in dropped:
                    continue
                visits.setdefault(side, []).append(worker.visit(args.seconds, STEPS))
                peaks[side] = worker.peak
            if mode == "train":
                each = run(median_of(visits["ours bare"])) if turn == 0 else each
                times, peaks["ours"] = fit_steps(folder, each, environment(args.threads))
                visits.setdefault("ours", []).append(times)
            theirs = {side: median_of(v) for side, v in visits.items() if side in PEERS}
            dropped |= {side for side, s in theirs.items() if s > SLOWER * min(theirs.values())}
    return {side: {"seconds": median_of(v), "peak": peaks[side]} for side, v in visits.items()}


def speed_table(results: dict[str, dict[str, dict[str, dict[str, float]]]], column: str) -> str:
    """Milliseconds and ratios of a column."""
    mode, precision = COLUMNS[column]
    peers = [p for p in PEERS if any(p in cells.get(column, {}) for cells in results.values())]
    rows = []
    for name, cells in results.items():
        if column not in cells:
            continue
        ms = {side: 1e3 * v["seconds"] for side, v in cells[column].items()}
        best = min((ms[p] for p in peers if p in ms), default=None)
        row = NETS[name]
        target = row.targets[list(COLUMNS).index(column)]
        ratios = [f"{best / ms[side]:.2f}" if best and side in ms else "-" for side in OURS]
        reached = "-" if not best or "ours" not in ms else "yes" if best / ms["ours"] >= target else "no"
        shown = [
            f"{ms[s]:.3g}" if s in ms and ms[s] < 100 else f"{ms[s]:,.0f}" if s in ms else "-" for s in (*OURS, *peers)
        ]
        rows.append(
            [f"{name} ({row.batch if mode == 'train' else row.infer})", *shown, *ratios, f"{target:g}", reached]
        )
    title = "Training step" if mode == "train" else "Prediction"
    heads = ["net (batch)", *OURS, *peers, "best peer / ours bare", "best peer / ours", "target", "reached"]
    return f"{title}, {precision}, ms:\n\n{table(heads, rows)}" if rows else ""


def memory_table(results: dict[str, dict[str, dict[str, dict[str, float]]]]) -> str:
    """Peak resident memory."""
    rows = []
    for name, cells in results.items():
        for column, sides in cells.items():
            mib = {side: v["peak"] / 2**20 for side, v in sides.items()}
            least = min((mib[p] for p in PEERS if p in mib), default=None)
            below = "-" if least is None or "ours" not in mib else "yes" if mib["ours"] < least else "no"
            shown = [f"{mib[s]:,.0f}" if s in mib else "-" for s in (*OURS, *PEERS)]
            rows.append([name, column.replace("-", " "), *shown, below])
    return "Peak resident memory of the process, MiB:\n\n" + table(["net", "", *OURS, *PEERS, "below every peer"], rows)


def versions(args: argparse.Namespace) -> str:
    """Where and with what this was measured."""
    from timing import subprocess

    from mxtrain.backends import onednn

    def ask(python: str | None, module: str) -> str:
        if not python:
            return ""
        code = f"import {module}; print({module}.__version__)"
        said = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
        return f", {module} {said.strip().splitlines()[-1]}"

    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    cpu = models[0].partition(": ")[2] if models else platform.machine()
    cores = len(os.sched_getaffinity(0))
    peers = ask(args.torch, "torch") + ask(args.mxnet, "mxnet")
    options = " ".join(["python benchmarks/cpu.py", *("--compile" for _ in range(bool(args.compile)))])
    return (
        f"{cpu}, {cores} cores, {args.threads} threads; Python {platform.python_version()}, oneDNN {onednn.version()}"
        f"{peers}. `{options} --rounds {args.rounds} --seconds {args.seconds:g}`, with the interpreters of the peers."
    )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", help="a Python that has torch")
    parser.add_argument("--mxnet", help="a Python that has mxnet")
    parser.add_argument("--compile", action="store_true", help="torch.compile too, where it is ready within a minute")
    parser.add_argument("--nets", nargs="*", choices=NETS, default=list(NETS))
    parser.add_argument("--columns", nargs="*", choices=COLUMNS, default=list(COLUMNS))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a visit; seven steps at least")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    told = "write the results, for docs/plot_speed.py; what it holds of other nets stays"
    parser.add_argument("--json", type=Path, help=told)
    parser.add_argument("--write", type=Path, help="put the tables between the marks <!-- cpu --> of a page")
    return parser.parse_args()


def main() -> None:
    args = parse()
    results: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    if args.json and args.json.is_file():
        results = json.loads(args.json.read_text())
    for name in args.nets:
        for column in args.columns:
            cell = measure(args, NETS[name], column)
            results.setdefault(name, {})[column] = cell
            shown = ", ".join(f"{side} {1e3 * v['seconds']:.3f}" for side, v in cell.items())
            print(f"{name}, {column}: {shown}", file=sys.stderr, flush=True)
            if args.json:
                args.json.write_text(json.dumps(results, indent=1))
    results = {name: results[name] for name in NETS if name in results}
    parts = [versions(args), *(speed_table(results, c) for c in COLUMNS), memory_table(results)]
    text = "\n\n".join(p.strip() for p in parts if p) + "\n"
    print(text)
    if args.write:
        replace_between(args.write, "cpu", f"## Speed\n\n![Time of the best peer over ours](performance.svg)\n\n{text}")


if __name__ == "__main__":
    main()
