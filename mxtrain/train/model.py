"""A trained model read from a checkpoint alone: net, arrays, classes, preprocessing."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mxtrain.base.errors import CheckpointError, ConfigError
from mxtrain.base.types import TensorType
from mxtrain.data.pipeline import Preprocess, from_json
from mxtrain.formats.symbol_graph import to_entries
from mxtrain.formats.symbol_json import parse_symbol
from mxtrain.graph import Entry, topological
from mxtrain.passes import Options
from mxtrain.symbol.variables import with_declared
from mxtrain.train.checkpoint_io import Checkpoint, open_checkpoint
from mxtrain.train.device import gpus_of, kind, make_device
from mxtrain.train.net import Head, find_heads
from mxtrain.train.program import Program, make_program
from mxtrain.train.state import STATE, ModelInfo, load_arrays, only, parse_state

PRECISION = {"fp32": "float32", "tf32": "float32", "bf16": "bfloat16", "fp16": "float16"}


@dataclass(frozen=True)
class Model:
    """A model ready to predict.

    Args:
        program: its plans.
        info: what the checkpoint says of it.
        preprocess: from an image file to the net's input.
        checkpoint: where it came from.
    """

    program: Program
    info: ModelInfo
    preprocess: Preprocess
    checkpoint: Checkpoint

    def types(self, rows: int) -> dict[str, TensorType]:
        """Types of the data inputs for a batch of `rows`."""
        return {n: TensorType((rows, *shape)) for n, shape in self.info.inputs.items()}

    def label_types(self, rows: int) -> dict[str, TensorType]:
        """Types of the labels for a batch of `rows`."""
        return {n: TensorType((rows, *shape)) for n, shape in self.info.labels.items()}

    @property
    def image_input(self) -> str:
        """The input that takes images.

        Raises:
            ConfigError: if the model takes no images.
        """
        images = [n for n, shape in self.info.inputs.items() if len(shape) == 3]
        if len(images) != 1:
            raise ConfigError(
                f"the model takes {self.info.inputs}, not images; predict needs a model with one image input"
            )
        return images[0]

    @property
    def row_input(self) -> str | None:
        """The one data input, if it takes rows of numbers; None if the model takes images."""
        (name, shape), *more = self.info.inputs.items()
        return name if not more and len(shape) != 3 else None

    @property
    def head(self) -> Head:
        """What the first output is."""
        return find_heads(self.program.heads, {**self.types(1), **self.label_types(1)})[0]

    def inner(self, name: str) -> tuple[Entry, ...]:
        """The first output of the node called `name` (or of ``name_output``), as heads.

        Raises:
            ConfigError: naming the layers there are.
        """
        nodes = {n.name: n for n in topological(self.program.heads) if n.op is not None}
        node = nodes.get(name) or nodes.get(name.removesuffix("_output"))
        if node is None:
            raise ConfigError(f"no layer {name!r}; there are: {', '.join(nodes)}")
        return (Entry(node),)


def load_model(path: Path, threads: int | None = None, device: str | None = None) -> Model:
    """The model of a run, of its newest checkpoint, or of the checkpoint directory itself.

    Args:
        threads: threads of the kernels; default: as it was trained.
        device: as a config names it; default: a GPU if it was trained on one and one can be used, else the CPU.

    Raises:
        CheckpointError: if no checkpoint verifies.
        BackendUnavailable: if the device cannot be used.
    """
    checkpoint = open_checkpoint(path)
    _, info, extra = parse_state(checkpoint.read(STATE), str(checkpoint.path))
    made_on = kind(str(extra.get("device", "cpu")))
    name = device or ("cpu" if made_on == "cpu" else "auto")
    where = make_device(threads or info.threads, name, tf32=info.precision == "tf32")
    heads = read_symbol(checkpoint, info)
    types = {n: TensorType((1, *shape)) for n, shape in info.inputs.items()}
    labels = {n: TensorType((1, *shape)) for n, shape in info.labels.items()}
    options = Options(precision=PRECISION[info.precision], strategy=info.memory)  # type: ignore[arg-type]
    program = make_program(heads, {**types, **labels}, where, options, trained=())
    load_arrays(checkpoint, program.store, states=False)
    if extra.get("ema"):
        _take_average(checkpoint, program)
    preprocess = replace(from_json(json.dumps(info.preprocess)), gpu=gpus_of(where.name)[0])
    return Model(program, info, preprocess, checkpoint)


def read_symbol(checkpoint: Checkpoint, info: ModelInfo) -> tuple[Entry, ...]:
    """The heads of a checkpoint's net."""
    name = only(checkpoint, "-symbol.json")
    kinds: Any = info.kinds
    return with_declared(to_entries(parse_symbol(checkpoint.read(name).decode(), name), kinds=kinds))


def _take_average(checkpoint: Checkpoint, program: Program) -> None:
    """Use the averaged parameters instead of the last ones."""
    from mxtrain.formats import ndarray_list

    states = ndarray_list.load(checkpoint.read(only(checkpoint, ".state")))
    averages = {n.removeprefix("ema:"): a for n, a in states.items() if n.startswith("ema:")}
    if not averages:
        raise CheckpointError(f"{checkpoint.path}: the averaged parameters are missing")
    for name, a in averages.items():
        program.device.put(program.store.parameters[name], a)
    program.store.version += 1
