"""Training step of LeNet and an MLP, batch 128: ours bare (plan and update) and through `mxtrain fit` with data,
metrics and logs, against the bare step of PyTorch (eager, channels_last) and MXNet 1.9.1.

Rounds alternate; the medians of all rounds are compared.

    python benchmarks/small_nets.py --torch torch-env/bin/python --mxnet mxnet-env/bin/python
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
BATCH = 128
CONFIG = """
name: bench
data: {{train: {{name: arrays, path: {data}}}}}
net: {{file: {net}, classes: 10}}
batch_size: {batch}
epochs: {epochs}
precision: {precision}
optimizer: {{name: sgd, lr: 0.01, momentum: 0.9, wd: 1e-4}}
metrics: [accuracy, cross_entropy]
checkpoint: {{every: 0}}
log: {{progress: "off"}}
"""


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "2", "MXNET_SUBGRAPH_BACKEND": "NONE", "MXNET_CPU_WORKER_NTHREADS": "1"}


def ours(net: str, precision: str, folder: Path) -> float:
    """Milliseconds per step of the fastest epoch but the first, as metrics.jsonl has it."""
    data, config = folder / "data.npz", folder / "bench.yaml"
    if not data.exists():
        rng = np.random.default_rng(0)
        images = rng.standard_normal((100 * BATCH, 1, 28, 28)).astype(np.float32)
        np.savez(data, data=images, softmax_label=rng.integers(0, 10, len(images)).astype(np.float32))
    epochs = 4 if net == "lenet" else 20
    config.write_text(CONFIG.format(data=data, net=net, batch=BATCH, epochs=epochs, precision=precision))
    command = [sys.executable, "-m", "mxtrain", "fit", str(config), "--runs", str(folder / "runs")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment())
    lines = Path(done.stdout.strip(), "metrics.jsonl").read_text().splitlines()
    rates = [e["samples_per_sec"] for e in map(json.loads, lines) if e["event"] == "epoch"][1:]
    return BATCH / statistics.median(rates) * 1e3


def peer(python: str, script: str, *args: str) -> float:
    command = [python, str(HERE / "peers" / script), *args]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment())
    return float(json.loads(done.stdout.strip().splitlines()[-1])["ms"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", help="a Python that has torch")
    parser.add_argument("--mxnet", help="a Python that has mxnet")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    args = parser.parse_args()
    peers = "torch eager | torch channels_last | MXNet 1.9.1"
    print(f"| net (batch 128, fp32, ms) | mxtrain step | mxtrain fit | {peers} | best peer / step | best peer / fit |")
    print("|---|---|---|---|---|---|---|---|")
    for net in ("mlp", "lenet"):
        found: dict[str, list[float]] = {"bare": [], "ours": [], "eager": [], "channels_last": [], "mxnet": []}
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(args.rounds):
                found["ours"].append(ours(net, "fp32", Path(folder)))
                config = str(Path(folder) / "bench.yaml")
                found["bare"].append(peer(sys.executable, "ours_step.py", config, str(args.seconds)))
                for kind in ("eager", "channels_last") if args.torch else ():
                    found[kind].append(peer(args.torch, "torch_step.py", net, str(BATCH), kind, str(args.seconds)))
                if args.mxnet:
                    found["mxnet"].append(peer(args.mxnet, "mxnet_step.py", net, str(BATCH), str(args.seconds)))
        ms = {k: statistics.median(v) for k, v in found.items() if v}
        times = [v for k, v in ms.items() if k not in ("bare", "ours")]
        cells = [f"{ms[k]:.2f}" if k in ms else "-" for k in found]
        cells += [f"{min(times) / ms[k]:.2f}" if times else "-" for k in ("bare", "ours")]
        print(f"| {net} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
