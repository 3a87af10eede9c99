"""Memory: of internal variables by plan, of whole processes, and what planning and recomputing cost.

    python benchmarks/memory.py plans           # the table of Chen et al., "MXNet", 2015, figure 7, for today's nets
    python benchmarks/memory.py processes       # plans run in processes of their own: planned against resident bytes
    python benchmarks/memory.py peaks           # what `mxtrain check` predicts of `mxtrain fit` against what it took
    python benchmarks/memory.py planning        # seconds to compile ResNet-152, and a random graph of 10,000 nodes
    python benchmarks/memory.py recompute       # a training step of ResNet-152, recomputing against not

"none" is the unfused graph: activations and their gradients, neither packed weights nor scratch. All other columns are
whole blocks: workspaces, scratch and gradients of weights in the library's formats are in them.
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
from pathlib import Path
from typing import Any

import numpy as np

from mxtrain.backends import onednn
from mxtrain.base.device import REFERENCE, Device
from mxtrain.base.types import TensorType
from mxtrain.config.load import loads
from mxtrain.graph import Entry
from mxtrain.passes import Compiled, Options, infer_types
from mxtrain.symbol.build import build_net
from mxtrain.symbol.compose import settled
from mxtrain.train.program import compile_prediction, compile_training, make_program, variables

ROOT = Path(__file__).parent.parent
MIB = 1 << 20
DEVICE = Device(kernels=("onednn", "reference"), threads=2)
NETS = {
    "alexnet": "{file: alexnet}", "alexnet, lrn": "{file: alexnet, lrn: true}", "googlenet": "{file: googlenet}",
    "vgg-16": "{file: vgg}", "resnet-50": "{file: resnet}", "inception-bn": "{file: inception-bn}",
}  # fmt: skip
STRATEGIES: tuple[Any, ...] = ("inplace", "co-share", "both", "recompute")
CONFIG = """
name: peak
data: {{train: {{name: arrays, path: {data}}}, val: {{name: arrays, path: {data}}}}}
net: {net}
batch_size: {batch}
epochs: 1
precision: {precision}
memory: {memory}
optimizer: {{name: {optimizer}, lr: 0.01}}
checkpoint: {{every: 0}}
log: {{progress: "off"}}
"""
FIT = """
import sys
import mxtrain.train.fit
from mxtrain.backends import onednn
from mxtrain.cli.app import run
def peak():
    return next(int(x.split()[1]) * 1024 for x in open("/proc/self/status") if x.startswith("VmHWM"))
onednn.available()
start = peak()
try:
    run(sys.argv[1:])
finally:
    print("PEAK", start, peak(), file=sys.stderr)
"""


def heads(text: str) -> tuple[Entry, ...]:
    whole = build_net(loads(f"net: {text}\n", "net.yaml").at(("net",)), search=(ROOT / "configs",))
    return settled(whole.entries)


def compiled(net: tuple[Entry, ...], batch: int, training: bool, **options: Any) -> Compiled:
    types = {"data": TensorType((batch, 3, 224, 224))}
    if not training:
        return compile_prediction(net, types, DEVICE, Options(**options))
    trained = list(variables(infer_types(net, types), "parameter"))
    return compile_training(net, trained, types, DEVICE, Options(**options))


def activations(plan: Compiled) -> int:
    """Bytes of activations and their gradients; what only looks at another's bytes counts once."""
    size: dict[int, int] = {}
    for e, place in plan.memory.places.items():
        if place.space == "block" and not e.type.layout.opaque:
            size[place.offset] = max(size.get(place.offset, 0), e.type.nbytes)
    return sum(size.values())


def plans() -> None:
    for training in (False, True):
        print(f"\n| {'training' if training else 'prediction'}, MiB | batch | none | {' | '.join(STRATEGIES)} "
              "| none / both | none / recompute |\n|---|" + "---|" * 8)  # fmt: skip
        for name, text in NETS.items():
            for batch in (1, 64):
                net = heads(text)
                none = activations(compiled(net, batch, training, fuse=False, strategy="none"))
                blocks = [compiled(net, batch, training, strategy=s).memory.block for s in STRATEGIES]
                cells = [f"{b / MIB:.1f}" for b in (none, *blocks)]
                ratios = [f"{none / b:.2f}" for b in blocks[2:]]
                print(f"| {name} | {batch} | {' | '.join(cells + ratios)} |", flush=True)
    sizes = [compiled(heads(NETS["vgg-16"]), 1, False, precision=p).memory.block for p in ("float32", "bfloat16")]
    print("\nVGG-16 predicts one image within " + " and ".join(f"{s / 1e6:.2f}" for s in sizes) + " MB (fp32, bf16)")


def resident(kind: str = "VmRSS") -> int:
    text = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(kind))


def process(text: str, batch: int, training: bool, strategy: Any) -> None:
    """Run a plan in this process and print what it added to the resident bytes."""
    net = heads(text)
    data = {"data": TensorType((batch, 3, 224, 224))}
    program = make_program(net, data, DEVICE, Options(strategy=strategy))
    for arena in (program.store.parameters, program.store.gradients, program.store.auxiliaries):
        arena.buffer[:] = 0
    plan_types = {n: v.types[0] for n, v in variables(infer_types(net, data), "input").items()} if training else data
    before = resident()
    plan = program.training(plan_types) if training else program.prediction(data)
    bound = resident()
    plan.run()
    memory = plan.compiled.memory
    print(json.dumps([memory.block, memory.persistent, resident("VmHWM") - bound, bound - before]))


def processes() -> None:
    print("| MiB | batch | | strategy | block | packed | resident | plan itself |\n|---|---|---|---|---|---|---|---|")
    for name, text in NETS.items():
        for batch, training, strategy in ((64, False, "both"), (8, True, "both"), (8, True, "recompute")):
            args = [text, str(batch), str(int(training)), strategy]
            done = subprocess.run(
                [sys.executable, __file__, "process", *args], capture_output=True, text=True, check=True
            )
            what = "training" if training else "prediction"
            cells = " | ".join(f"{b / MIB:.1f}" for b in json.loads(done.stdout))
            print(f"| {name} | {batch} | {what} | {strategy} | {cells} |", flush=True)


def peak(net: str, batch: int, shape: tuple[int, ...], **keys: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rng, count = np.random.default_rng(0), int(2.5 * batch)
        data, config = Path(folder, "data.npz"), Path(folder, "peak.yaml")
        labels = rng.integers(0, 10, count).astype(np.float32)
        np.savez(data, data=rng.integers(0, 255, (count, *shape), dtype=np.uint8), softmax_label=labels)
        keys = {"precision": "fp32", "memory": "both", "optimizer": "sgd", **keys}
        config.write_text(CONFIG.format(data=data, net=net, batch=batch, **keys))
        command = [sys.executable, "-c", FIT, "fit", str(config), "--runs", str(Path(folder, "runs"))]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        start, end = (int(n) for n in done.stderr.split("PEAK ")[1].split())
        command = [sys.executable, "-m", "mxtrain", "check", str(config), "--json"]
        said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        predicted = next(m["peak"] for m in said["memory"] if m["strategy"] == keys["memory"])
        took = end - start
        allowed = 0.05 * took + 16 * MIB
        cells = [start, took, predicted, predicted - took, allowed]
        print(f"| {net} | {batch} | {' '.join(keys.values())} | {' | '.join(f'{c / MIB:.0f}' for c in cells)} |",
              flush=True)  # fmt: skip


def peaks() -> None:
    print("| net | batch | | only started | measured | predicted | off | allowed |\n|---|---|---|---|---|---|---|---|")
    peak("{file: mlp}", 128, (28, 28))
    peak("{file: lenet}", 512, (28, 28))
    image = (224, 224, 3)
    peak("{file: alexnet, classes: 10}", 16, image, memory="recompute")
    peak("{file: googlenet, classes: 10}", 16, image, precision="bf16")
    peak("{file: resnet, classes: 10}", 8, image, optimizer="adam")
    peak("{file: resnet, classes: 10}", 8, image, memory="recompute")
    peak("{file: mobilenet-v2, classes: 10}", 16, image)
    peak("{file: vgg, classes: 10}", 2, image)


def planning() -> None:
    sys.path.insert(0, str(ROOT))
    from mxtrain import ops
    from mxtrain.passes import compile_graph, plan_memory
    from tests.contract.random_graphs import random_net, training_graph

    net = heads("{file: resnet, depth: 152}")
    for strategy in ("both", "recompute"):
        begun = time.perf_counter()
        plan = compiled(net, 32, True, strategy=strategy)
        print(f"resnet-152, {strategy}: {time.perf_counter() - begun:.2f} s for {len(plan.memory.steps)} steps, "
              "from the symbol to the plan")  # fmt: skip
    for size in (1600, 3200, 6400):
        g, fixed = training_graph(random_net(1, size=size, dtype="float32"), Options())
        begun = time.perf_counter()
        plan = compile_graph(g, REFERENCE, vocabulary=ops.vocabulary(), options=Options(), fixed=fixed)
        whole = time.perf_counter() - begun
        begun = time.perf_counter()
        plan_memory(plan.graph, plan.recipes)
        print(f"random graph of {len(g.nodes):,} nodes: {whole:.2f} s, of it memory {time.perf_counter() - begun:.2f}")


def recompute(batch: int = 8) -> None:
    """Steps in alternation; the medians are compared."""
    net = heads("{file: resnet, depth: 152}")
    types = {"data": TensorType((batch, 3, 224, 224)), "softmax_label": TensorType((batch,))}
    made = []
    for strategy in ("both", "recompute"):
        program = make_program(net, types, DEVICE, Options(strategy=strategy))  # type: ignore[arg-type]
        rng = np.random.default_rng(0)
        for name, t in program.store.parameters.types.items():
            scale = 0.05 if name.endswith("weight") else 0.0
            program.store.parameters[name][...] = rng.standard_normal(t.shape) * scale + name.endswith("gamma")
        plan = program.training(types)
        plan.inputs["data"][...] = rng.standard_normal(types["data"].shape)
        plan.run()
        made.append(plan)
    times: list[list[float]] = [[], []]
    for _ in range(5):
        for plan, took in zip(made, times, strict=True):
            begun = time.perf_counter()
            plan.run()
            took.append(time.perf_counter() - begun)
    blocks, seconds = [p.compiled.memory.block for p in made], [statistics.median(t) for t in times]
    equal = np.array_equal(*(p.keep[1].storage("grad:fc_weight") for p in made))
    print(f"resnet-152, batch {batch}: both {blocks[0] / MIB:.0f} MiB {seconds[0]:.3f} s, recompute "
          f"{blocks[1] / MIB:.0f} MiB {seconds[1]:.3f} s: 1/{blocks[0] / blocks[1]:.2f} of the memory, "
          f"{100 * (seconds[1] / seconds[0] - 1):+.0f} % time; gradients {'equal' if equal else 'DIFFER'}")  # fmt: skip


def main() -> None:
    onednn.set_threads(min(2, os.cpu_count() or 1))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["plans", "processes", "process", "peaks", "planning", "recompute"])
    parser.add_argument("args", nargs="*")
    given = parser.parse_args()
    if given.what == "process":
        text, batch, training, strategy = given.args
        process(text, int(batch), training == "1", strategy)
    else:
        {"plans": plans, "processes": processes, "peaks": peaks, "planning": planning, "recompute": recompute}[
            given.what
        ]()


if __name__ == "__main__":
    main()
