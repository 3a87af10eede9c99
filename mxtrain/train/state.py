"""What a checkpoint holds besides arrays: state.json, and how arrays and state become files and come back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from mxtrain.base.errors import CheckpointError
from mxtrain.executor import Arena, ParameterStore
from mxtrain.formats import ndarray_list
from mxtrain.formats.checkpoint_names import params_name, symbol_name
from mxtrain.optim.update import SUMS
from mxtrain.train.checkpoint_io import Checkpoint
from mxtrain.train.file_system import Content

VERSION = 1
STATE = "state.json"


@dataclass
class RunState:
    """Where a run is. Everything that a resumed run needs to go on with the same bits, but for arrays.

    Args:
        epoch: epochs done.
        batch: batches done in the current epoch.
        step: updates done.
        seen: updates done when an epoch, or the part of it that `max_steps` allows, last ended.
        loss: sums of the loss by head, as hexadecimal floats, and the samples they count.
        metrics: metric sums, see metrics.MetricSet.state.
        best: best value of the monitored metric so far, None before the first.
        waited: epochs since early stopping saw an improvement; `leading` is the value to improve on.
        bad: unreadable samples met so far.
        epochs: how many epochs the run is to have.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    seen: int = 0
    loss: dict[str, str] = field(default_factory=dict)
    samples: int = 0
    metrics: dict[str, dict[str, str]] = field(default_factory=dict)
    best: float | None = None
    waited: int = 0
    leading: float | None = None
    bad: dict[str, str] = field(default_factory=dict)
    epochs: int = 0


@dataclass(frozen=True)
class ModelInfo:
    """What prediction needs to know of a model, besides its net and arrays.

    Args:
        name: prefix of the checkpoint's files.
        inputs: shape of one sample of each data input.
        labels: shape of one sample's label, by the net's label names.
        kinds: kind of each variable of the net.
        classes: names of the classes, or None.
        preprocess: data.Preprocess as JSON data, for evaluation.
        precision: how it was trained.
        memory: memory strategy.
        threads: threads of the kernels: results are bits of it too.
        seed: of the run.
    """

    name: str
    inputs: dict[str, list[int]]
    labels: dict[str, list[int]]
    kinds: dict[str, str]
    classes: list[str] | None
    preprocess: Any
    precision: str
    memory: str
    threads: int
    seed: int


def dump_state(state: RunState, info: ModelInfo, extra: Mapping[str, Any]) -> bytes:
    """state.json."""
    body = {"version": VERSION, "run": asdict(state), "model": asdict(info), **extra}
    return (json.dumps(body, indent=1, sort_keys=True) + "\n").encode()


def parse_state(raw: bytes, where: str) -> tuple[RunState, ModelInfo, dict[str, Any]]:
    """What `dump_state` wrote.

    Raises:
        CheckpointError: if it is damaged or of another version.
    """
    try:
        body = json.loads(raw)
        if body["version"] != VERSION:
            raise CheckpointError(f"{where}: state of version {body['version']}; this mxtrain reads {VERSION}")
        return RunState(**body.pop("run")), ModelInfo(**body.pop("model")), body
    except (ValueError, KeyError, TypeError) as e:
        raise CheckpointError(f"{where}: not a state of mxtrain: {e}") from None


def array_files(store: ParameterStore, name: str, epoch: int) -> dict[str, Content]:
    """The .params file as MXNet reads it, and our .state file with optimizer state and averages.

    They are written straight out of the store, without a copy in memory. Sums of gradients begin anew with every batch
    and are left out.
    """
    fetch = store.device.fetch
    arguments = {n: fetch(store.parameters[n]) for n in store.parameters.types}
    auxiliary = {n: fetch(store.auxiliaries[n]) for n in store.auxiliaries.types}
    states = {f"{kind}:{n}": fetch(arena[n]) for kind, arena in _lasting(store).items() for n in arena.types}
    return {
        params_name(name, epoch): partial(_write, ndarray_list.join_params(arguments, auxiliary)),
        params_name(name, epoch).removesuffix(".params") + ".state": partial(_write, states),
    }


def _write(arrays: Mapping[str, Any], file: BinaryIO) -> None:
    for chunk in ndarray_list.list_chunks(arrays):
        file.write(chunk)


def load_arrays(checkpoint: Checkpoint, store: ParameterStore, *, states: bool) -> None:
    """Copy a checkpoint's arrays into a store.

    Args:
        states: optimizer state and averages too.

    Raises:
        CheckpointError: if arrays are missing or do not fit.
    """
    params = ndarray_list.load(checkpoint.read(only(checkpoint, ".params")))
    args, aux = ndarray_list.split_params(params)
    store.load({**args, **aux})
    if not states:
        return
    found = ndarray_list.load(checkpoint.read(only(checkpoint, ".state")))
    wanted = {f"{kind}:{n}" for kind, arena in _lasting(store).items() for n in arena.types}
    if set(found) != wanted:
        missing, more = sorted(wanted - set(found)), sorted(set(found) - wanted)
        raise CheckpointError(
            f"{checkpoint.path}: the optimizer state does not fit the configuration: missing {missing[:5]}, unknown "
            f"{more[:5]}; was the optimizer changed?"
        )
    for kind, arena in _lasting(store).items():
        for n in arena.types:
            store.device.put(arena[n], np.asarray(found[f"{kind}:{n}"]))


def _lasting(store: ParameterStore) -> dict[str, Arena]:
    return {kind: arena for kind, arena in store.states.items() if kind != SUMS}


def only(checkpoint: Checkpoint, suffix: str) -> str:
    """The one file of a checkpoint with this suffix.

    Raises:
        CheckpointError: if there is none, or more than one.
    """
    found = [n for n in checkpoint.names if n.endswith(suffix)]
    if len(found) != 1:
        raise CheckpointError(f"{checkpoint.path}: expected one *{suffix} file, got {found or 'none'}")
    return found[0]


__all__ = [
    "STATE", "ModelInfo", "RunState", "array_files", "dump_state", "load_arrays", "only", "params_name", "parse_state",
    "symbol_name",
]  # fmt: skip
