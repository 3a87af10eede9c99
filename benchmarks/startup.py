"""From the start of the process to the first batch: `mxtrain fit` of LeNet and of ResNet-50 (224 x 224, batch 16), and
where the time goes. The median of several starts, the files being in the system's cache. With MXTRAIN_DATA, LeNet is
configs/mnist-lenet.yaml on MNIST's compressed files; without, images made here.

    python benchmarks/startup.py --write docs/performance.md
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from report import replace_between, table
from timing import environment

CONFIG = """\
name: startup
data: {{train: {{name: arrays, path: data.npz}}, val: {{name: arrays, path: data.npz}}}}
augment: [normalize: {{mean: 128, std: 64}}]
net: {net}
batch_size: {batch}
epochs: 1
optimizer: {{name: sgd, lr: 0.1, momentum: 0.9, wd: 1e-4}}
log: {{progress: "off"}}
"""

NETS = {
    "LeNet, batch 128": ("{file: lenet, classes: 10}", 128, (28, 28, 1), 1.0),
    "ResNet-50, batch 16": ("{file: resnet, depth: 50}", 16, (224, 224, 3), 3.0),
}
"""Name -> net, batch, shape of an image, seconds to reach."""

STAGES = {
    "config": ("mxtrain.train.fit", "load_config"),
    "data": ("mxtrain.train.build", "open_set"),
    "groups": ("mxtrain.train.build", "make_groups"),
    "compile": ("mxtrain.train.program", "compile_training"),
    "bind": ("mxtrain.train.program", "bind"),
    "initial parameters": ("mxtrain.train.build", "initialise"),
    "update plan": ("mxtrain.train.build", "Updater"),
    "run directory": ("mxtrain.train.fit", "create"),
}
"""What is timed: module and name of a function, where its caller looks it up."""


class ReachedError(Exception):
    """The first batch lies in the net's inputs."""


def child(config: str, folder: str, begun: float) -> None:
    """Run `mxtrain fit` as its command does, up to the first batch; print the seconds of each stage."""
    spent: dict[str, float] = {}
    from mxtrain.cli.app import dispatch

    import_module("mxtrain.cli.fit_command")
    fit = import_module("mxtrain.train.fit")
    spent["import"] = time.time() - begun
    for stage, (module, name) in STAGES.items():
        holder = import_module(module)
        setattr(holder, name, timed(getattr(holder, name), stage, spent))

    def reached(*_: Any) -> None:
        raise ReachedError

    feed = import_module("mxtrain.train.feeder").Feeder.feed

    def fed(*args: Any) -> None:
        feed(*args)
        reached()

    import_module("mxtrain.train.feeder").Feeder.feed = fed
    assert fit
    try:
        dispatch(["fit", config, "--runs", str(Path(folder) / "runs"), "log.progress=off"])
    except ReachedError:
        spent["all"] = time.time() - begun
    print(json.dumps(spent))


def timed(function: Callable[..., Any], stage: str, spent: dict[str, float]) -> Callable[..., Any]:
    def call(*args: Any, **keys: Any) -> Any:
        start = time.perf_counter()
        try:
            return function(*args, **keys)
        finally:
            spent[stage] = spent.get(stage, 0.0) + time.perf_counter() - start

    return call


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--write", type=Path, help="put the table between the marks <!-- startup --> of a page")
    args = parser.parse_args()
    rows = []
    stages = ["import", *STAGES]
    for name, (net, batch, shape, target) in NETS.items():
        found: list[dict[str, float]] = []
        with tempfile.TemporaryDirectory() as folder:
            images = np.random.default_rng(0).integers(0, 256, (3 * batch + 1, *shape), np.uint8)
            np.savez(Path(folder, "data.npz"), data=images, softmax_label=np.arange(len(images)) % 10)
            config = Path(folder, "startup.yaml")
            config.write_text(CONFIG.format(net=net, batch=batch))
            shipped = name.startswith("LeNet") and "MXTRAIN_DATA" in os.environ
            for _ in range(args.starts + 1):
                chosen = "mnist-lenet" if shipped else str(config)
                command = [sys.executable, __file__, "--child", chosen, folder, repr(time.time())]
                done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment(2))
                found.append(json.loads(done.stdout.splitlines()[-1]))
        middle = {s: statistics.median(f.get(s, 0.0) for f in found[1:]) for s in (*stages, "all")}
        rest = middle["all"] - sum(middle[s] for s in stages)
        cells = [f"{middle[s]:.2f}" for s in stages]
        rows.append([name, *cells, f"{rest:.2f}", f"{middle['all']:.2f}", f"{target:g}"])
    text = "Seconds from the start of the process to the first batch in the net:\n\n" + table(
        ["net", *stages, "rest", "first batch after", "target"], rows
    )
    print(text)
    if args.write:
        replace_between(args.write, "startup", f"## Start-up\n\n{text}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], float(sys.argv[4]))
    else:
        main()
