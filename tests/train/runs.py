"""Small runs for the tests of training: three classes of 8 x 8 images, nets that learn them at once, one folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

from mxtrain.train.build import build
from mxtrain.train.fit import evaluate_run, load_config, resume_run, start_run

CLASSES = 3
SIZE = 8

MLP = [
    "flatten",
    {"fully_connected": {"num_hidden": 12, "name": "fc1"}},
    {"activation": {"act_type": "relu"}},
    {"fully_connected": {"num_hidden": CLASSES, "name": "fc2"}},
    {"softmax_output": {"name": "softmax"}},
]

CONV = [
    {"convolution": {"num_filter": 4, "kernel": 3, "no_bias": True, "name": "conv"}},
    {"batch_norm": {"fix_gamma": False, "name": "bn"}},
    {"activation": {"act_type": "relu"}},
    "flatten",
    {"dropout": {"p": 0.3, "name": "drop"}},
    {"fully_connected": {"num_hidden": CLASSES, "name": "fc"}},
    {"softmax_output": {"name": "softmax"}},
]

LENET = {"file": "lenet", "classes": CLASSES}


def images(count, seed=0, size=SIZE):
    """Images (count, size, size) uint8 with a bright bar whose place is the class, and the classes (count,)."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % CLASSES
    pixels = rng.integers(0, 60, (count, size, size), dtype=np.uint8)
    width = size // CLASSES
    for image, label in zip(pixels, labels, strict=True):
        image[:, label * width : (label + 1) * width] += 150
    return pixels, labels.astype(np.float32)


def merged(base, changes):
    """`base` with `changes`; None removes a key, maps are merged."""
    result = dict(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict) and "name" not in value:
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


@dataclass
class Bench:
    """A folder with data and configs, in which runs are made.

    Args:
        path: the folder.
    """

    path: Path

    def save(self, name="tiny", **arrays):
        """Write a .npz file; its name."""
        np.savez(self.path / f"{name}.npz", **arrays)
        return f"{name}.npz"

    def config(self, **changes):
        """Write a config file: the base with these changes; its path."""
        base = {
            "name": "tiny",
            "seed": 3,
            "threads": 1,
            "data": {
                "train": {"name": "arrays", "path": "tiny.npz"},
                "val": {"name": "arrays", "path": "val.npz"},
            },
            "augment": [{"normalize": {"std": 255}}],
            "net": MLP,
            "batch_size": 8,
            "epochs": 3,
            "optimizer": {"name": "sgd", "lr": 0.1, "momentum": 0.9},
            "log": {"every": 1, "progress": "off"},
        }
        file = self.path / f"config{len(list(self.path.glob('config*.yaml')))}.yaml"
        file.write_text(yaml.safe_dump(merged(base, changes), sort_keys=False))
        return str(file)

    def built(self, *overrides, **changes):
        """The parts of a run that is not started."""
        return build(*load_config(self.config(**changes), list(overrides)))

    def fit(self, *overrides, **changes):
        """Train; the run."""
        return self.start(self.config(**changes), *overrides)

    def start(self, config, *overrides):
        """Train with a config file; the run."""
        outcome = start_run(config, list(overrides), self.path / "runs", ["mxtrain", "fit"])
        return Run(outcome.run, outcome.values)

    def resume(self, path, *overrides, **options):
        """Go on with a run; the run."""
        outcome = resume_run(Path(path), list(overrides), **options)
        return Run(outcome.run, outcome.values)

    def pngs(self, folder, count, seed=0):
        """A folder of PNG files, one folder per class; the files, and their classes."""
        files, names = [], ("left", "middle", "right")
        pixels, labels = images(count, seed)
        for k, (image, label) in enumerate(zip(pixels, labels, strict=True)):
            file = self.path / folder / names[int(label)] / f"{k:03d}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(file)
            files.append(str(file))
        return files, [names[int(label)] for label in labels]


@dataclass
class Run:
    """A run on disk.

    Args:
        path: its directory.
        values: what it ended with.
    """

    path: Path
    values: dict[str, float]

    @property
    def steps(self):
        """Steps of its checkpoints."""
        return sorted(int(p.name[5:]) for p in (self.path / "checkpoints").glob("step-*"))

    def checkpoint(self, step=None):
        """The folder of a checkpoint; the last one if no step is given."""
        return self.path / "checkpoints" / (f"step-{step:08d}" if step is not None else "last")

    def file(self, suffix, step=None):
        """The bytes of the file with this suffix in a checkpoint."""
        (found,) = self.checkpoint(step).glob(f"*{suffix}")
        return found.read_bytes()

    def state(self, step=None):
        """What state.json says of the run."""
        return json.loads(self.file("state.json", step))["run"]

    def lines(self, event=None):
        """metrics.jsonl without what depends on the clock."""
        clock = ("time", "samples_per_sec", "data_wait_frac")
        read = [json.loads(line) for line in (self.path / "metrics.jsonl").read_text().splitlines()]
        return [{k: v for k, v in r.items() if k not in clock} for r in read if event in (None, r["event"])]

    def evaluate(self, *overrides, **options):
        """Metrics and number of samples on the evaluation data."""
        return evaluate_run(self.path, list(overrides), **options)
