"""Training while decoding, on the same cores: samples per second of computing alone (`mxtrain bench net`), of the data
alone (`mxtrain bench io`), and of both (`mxtrain fit`), beside the bound 1 / (1 / computing + 1 / data), which cores
that are never idle would reach. Records of JPEGs made here, random resized crops of 224.

    python benchmarks/overlap.py --write docs/performance.md
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from report import replace_between, table
from timing import environment

CONFIG = """\
name: overlap
data: {{train: {{name: records, path: images}}, overlap: {overlap}}}
augment: [random_resized_crop: {{size: {size}}}, flip, normalize: {{mean: 128, std: 64}}]
net: {net}
batch_size: {batch}
epochs: 99
max_steps: {steps}
precision: {precision}
optimizer: {{name: sgd, lr: 1e-4, momentum: 0.9, wd: 1e-4}}
checkpoint: {{every: 0}}
log: {{progress: "off", every: 1}}
"""

TRIAL = 52
"""Batches in which `overlap: auto` tries both ways: not counted."""

CASES = {
    "computing is dearer: ResNet-18, bf16": ("{file: resnet, depth: 18, classes: 10}", 16, 224, "bf16"),
    "about the same: MobileNet v2, half width": ("{file: mobilenet-v2, width: 0.5, classes: 10}", 32, 96, "bf16"),
    "data is dearer: one convolution": (
        "[convolution: {num_filter: 16, kernel: 7, stride: 4}, activation: {act_type: relu}, "
        "pooling: {pool_type: avg, global_pool: true}, flatten, fully_connected: {num_hidden: 10}, softmax_output]",
        32, 224, "fp32",
    ),
}  # fmt: skip


def make_images(folder: Path, count: int) -> None:
    """JPEGs of 500 x 375 as photographs are: smooth, with some detail."""
    rng = np.random.default_rng(0)
    for k in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8)).resize(
            (500, 375), Image.Resampling.BICUBIC
        )
        noisy = np.asarray(coarse, np.int16) + rng.integers(-12, 13, (375, 500, 3))
        target = folder / f"class{k % 10}" / f"{k}.jpg"
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(target, quality=90)


def mxtrain(*args: object) -> str:
    command = [sys.executable, "-m", "mxtrain", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(2))
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def together(config: Path, batch: int, skipped: int) -> tuple[float, str]:
    """(samples per second of `mxtrain fit` without its first batches, what it chose)."""
    run = Path(mxtrain("fit", config, "--runs", config.parent / "runs").strip())
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    times = [e["time"] for e in lines if e["event"] == "train"][skipped:]
    said = [line for line in (run / "log.txt").read_text().splitlines() if "batches are made" in line]
    chosen = "in turns" if said and "waits" in said[-1] else "at once" if said else "-"
    return batch * (len(times) - 1) / (times[-1] - times[0]), chosen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    parser.add_argument("--ways", nargs="*", default=["auto"], choices=["auto", "always", "never"])
    parser.add_argument("--write", type=Path, help="put the table between the marks <!-- overlap --> of a page")
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_images(folder / "files", 512)
        mxtrain("pack", "images", folder / "files", folder / "images", "--pass-through")
        for case, (net, batch, size, precision) in CASES.items():
            keys = {"net": net, "batch": batch, "size": size, "precision": precision}
            found: dict[str, list[float]] = {}
            chosen = "-"
            for _ in range(args.rounds):
                config = folder / "overlap.yaml"
                config.write_text(CONFIG.format(**keys, steps=1, overlap="always"))
                alone = json.loads(mxtrain("bench", "net", config, "--seconds", args.seconds / 2, "--json"))
                found.setdefault("net", []).append(alone["samples_per_sec"])
                batches = max(4, int(args.seconds / 2 * 1000 / batch))
                data = json.loads(mxtrain("bench", "io", config, "--batches", batches, "--json"))
                found.setdefault("data", []).append(data["samples_per_sec"])
                bound = 1 / (1 / found["net"][-1] + 1 / found["data"][-1])
                for way in args.ways:
                    skipped = TRIAL if way == "auto" else 4
                    steps = skipped + max(8, int(args.seconds * bound / batch))
                    config.write_text(CONFIG.format(**keys, steps=steps, overlap=way))
                    rate, choice = together(config, batch, skipped)
                    chosen = choice if way == "auto" else chosen
                    found.setdefault(way, []).append(rate)
                    found.setdefault(f"{way} / bound", []).append(rate / bound)
            rate = {k: statistics.median(v) for k, v in found.items()}
            bound = 1 / (1 / rate["net"] + 1 / rate["data"])
            ways = [f"{rate[w]:.0f}" for w in args.ways]
            # Of figures taken in the same minute.
            ratios = [f"{rate[f'{w} / bound']:.2f}" for w in args.ways]
            rows.append([case, f"{rate['net']:.0f}", f"{rate['data']:.0f}", f"{bound:.0f}", *ways, *ratios, chosen])
            print(rows[-1], file=sys.stderr, flush=True)
    heads = ["images per second", "net alone", "data alone", "bound"]
    heads += [f"together, overlap: {w}" for w in args.ways] + [f"{w} / bound" for w in args.ways] + ["auto chose"]
    text = table(heads, rows)
    print(text)
    if args.write:
        replace_between(args.write, "overlap", f"## Training while decoding\n\n{text}")


if __name__ == "__main__":
    main()
