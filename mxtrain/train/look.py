"""Looking into runs and checkpoints without touching them: what is there, what is whole, how it went."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mxtrain.base.errors import CheckpointError, DataError, EnvironmentFault
from mxtrain.train.checkpoint_read import STEP, Checkpoint, read_manifest
from mxtrain.train.file_system import LOCAL
from mxtrain.train.manifest import Score
from mxtrain.train.run_directory import open_run
from mxtrain.train.state import STATE, parse_state

MAX_LOG = 1 << 28
"""Bytes of a metrics.jsonl that is read."""


@dataclass(frozen=True)
class CheckpointFile:
    """One file of a checkpoint, and what is wrong with it, or None."""

    name: str
    bytes: int
    problem: str | None


@dataclass(frozen=True)
class CheckpointLook:
    """A checkpoint as it lies on the disk.

    Args:
        problem: why its manifest cannot be used; it has no files then. Else None.
        epoch: epochs done, None if its state cannot be read.
        about: what its state says of the model.
    """

    path: Path
    problem: str | None
    step: int | None = None
    epoch: int | None = None
    score: Score | None = None
    files: tuple[CheckpointFile, ...] = ()
    about: Mapping[str, Any] | None = None

    @property
    def problems(self) -> list[str]:
        """Everything that is wrong with it."""
        return [p for p in (self.problem, *(f.problem for f in self.files)) if p]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "path": str(self.path),
            "step": self.step,
            "epoch": self.epoch,
            "score": self.score and self.score._asdict(),
            "files": [{"name": f.name, "bytes": f.bytes, "problem": f.problem} for f in self.files],
            "model": None if self.about is None else dict(self.about),
            "problems": self.problems,
        }


@dataclass(frozen=True)
class RunLook:
    """A run directory.

    Args:
        meta: what meta.json says.
        checkpoints: by step.
        others: names of hidden entries among them: unfinished, set aside, damaged.
        best: name of the best checkpoint, or None.
        epochs: per epoch done: its number from 1, train.*, val.* and the rest of the line.
    """

    path: Path
    meta: Mapping[str, Any]
    checkpoints: tuple[CheckpointLook, ...]
    others: tuple[str, ...]
    best: str | None
    epochs: tuple[Mapping[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "path": str(self.path),
            "meta": dict(self.meta),
            "checkpoints": [c.to_json() for c in self.checkpoints],
            "others": list(self.others),
            "best": self.best,
            "epochs": [dict(e) for e in self.epochs],
        }


def look_at_checkpoint(path: Path) -> CheckpointLook:
    """A checkpoint, every byte of it verified."""
    try:
        checkpoint = read_manifest(path, LOCAL)
    except CheckpointError as error:
        return CheckpointLook(path, str(error))
    files = tuple(_look_at_file(checkpoint, name) for name in checkpoint.names)
    epoch, about = None, None
    if STATE in checkpoint.names and not any(f.problem for f in files if f.name == STATE):
        try:
            state, info, _ = parse_state(checkpoint.read(STATE), str(path / STATE))
        except CheckpointError as error:
            return CheckpointLook(path, str(error), checkpoint.step, files=files)
        epoch = state.epoch
        about = {
            "name": info.name,
            "inputs": info.inputs,
            "classes": info.classes,
            "precision": info.precision,
            "threads": info.threads,
            "seed": info.seed,
            "batch": state.batch,
        }
    return CheckpointLook(path, None, checkpoint.step, epoch, checkpoint.manifest.score, files, about)


def _look_at_file(checkpoint: Checkpoint, name: str) -> CheckpointFile:
    expected = checkpoint.manifest.files[name]
    alone = replace(checkpoint, manifest=replace(checkpoint.manifest, files={name: expected}))
    try:
        alone.verify()
    except CheckpointError as error:
        return CheckpointFile(name, expected.size, str(error))
    return CheckpointFile(name, expected.size, None)


def look_at_run(path: Path) -> RunLook:
    """A run: its checkpoints verified, its metrics epoch by epoch.

    Raises:
        EnvironmentFault: if it is no run directory, or cannot be read.
        DataError: if its meta.json is damaged.
    """
    run = open_run(path)
    meta = json.loads((path / "meta.json").read_bytes())
    names: list[str] = []
    if run.checkpoints.is_dir():
        try:
            names = sorted(os.listdir(run.checkpoints))
        except OSError as error:
            raise EnvironmentFault(f"{run.checkpoints}: cannot be read: {error.strerror or error}") from None
    found = sorted((look_at_checkpoint(run.checkpoints / n) for n in names if STEP.fullmatch(n)), key=_step)
    others = tuple(n for n in names if not STEP.fullmatch(n) and n not in ("last", "best"))
    scored = [(c.score.rank(), -_step(c), c.path.name) for c in found if c.score and c.score.value is not None]
    best = max(scored)[2] if scored else None
    return RunLook(path, meta, tuple(found), others, best, read_epochs(run.metrics))


def _step(checkpoint: CheckpointLook) -> int:
    return int(checkpoint.path.name.removeprefix("step-"))


def read_epochs(path: Path) -> tuple[dict[str, Any], ...]:
    """The epochs of a metrics.jsonl: one record each, with train.* and val.* metrics. () if there is no such file.

    Raises:
        DataError: if it cannot be read. A torn last line is passed over, as a run may be writing it.
    """
    try:
        with path.open("rb") as file:
            lines = file.read(MAX_LOG).splitlines()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None
    epochs: dict[int, dict[str, Any]] = {}
    for line in lines:
        try:
            event = json.loads(line)
            kind, number, metrics = event["event"], int(event["epoch"]) + 1, dict(event["metrics"])
        except (ValueError, RecursionError, KeyError, TypeError):
            continue
        if kind not in ("epoch", "eval"):
            continue
        record = epochs.setdefault(number, {"epoch": number})
        part = "train" if kind == "epoch" else "val"
        record["step"] = event.get("step")
        record |= {f"{part}.{key}": value for key, value in metrics.items()}
        if kind == "epoch":
            record |= {key: event[key] for key in ("lr", "samples_per_sec") if key in event}
    return tuple(epochs[n] for n in sorted(epochs))
