"""Looking at a config without training: net, shapes, parameters, operations, kernels, memory. No data is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mxtrain import optim
from mxtrain.base.errors import ConfigError, DataError
from mxtrain.base.types import TensorType
from mxtrain.config.tree import Tree
from mxtrain.data import sources
from mxtrain.data.augmenter import ImageSpec
from mxtrain.data.iterator import first_image
from mxtrain.data.pipeline import Step, prepare
from mxtrain.graph import Entry, Graph
from mxtrain.passes import Compiled, Options, Strategy, infer_types
from mxtrain.train import net
from mxtrain.train.build import device_of, make_groups
from mxtrain.train.data import data_folder
from mxtrain.train.model import PRECISION
from mxtrain.train.program import compile_prediction, compile_training
from mxtrain.train.schema import Config

STRATEGIES: tuple[Strategy, ...] = ("none", "inplace", "co-share", "both", "recompute")


@dataclass(frozen=True)
class Checked:
    """What is known of a config.

    Args:
        graph: the net, typed.
        training: compiled plans by memory strategy.
        prediction: likewise.
        groups: which parameters are trained.
        state_bytes: of the optimizer.
        rows: samples per batch.
    """

    graph: Graph
    training: dict[Strategy, Compiled]
    prediction: dict[Strategy, Compiled]
    groups: optim.Groups
    state_bytes: int
    rows: int


def check_config(config: Config, tree: Tree, where: Path) -> Checked:
    """Type and compile the net of a config.

    Raises:
        ConfigError: with every problem at its line; ShapeError at the line of the layer that does not fit.
    """
    device = device_of(config)
    heads = net.read_net(tree, where)
    rows = -(-config.batch_size // config.grad_accum)
    types = input_types(config, tree, where, heads, rows)
    g = infer_types(heads, types)
    groups = make_groups(config, tree, heads, types)
    options = Options(precision=PRECISION[config.precision])
    trained = list(groups.types)
    only_data = {n: t for n, t in types.items() if n in data_inputs(heads)}
    states = optim.get(config.optimizer.name).state_names(config.optimizer.params)
    size = sum(t.nbytes for t in groups.types.values())
    extra = len(states) + (config.ema is not None) + (config.grad_accum > 1)
    return Checked(
        g,
        {s: compile_training(heads, trained, types, device, replace(options, strategy=s)) for s in STRATEGIES},
        {s: compile_prediction(heads, only_data, device, replace(options, strategy=s)) for s in STRATEGIES},
        groups, size * extra, rows,
    )  # fmt: skip


def data_inputs(heads: tuple[Entry, ...]) -> list[str]:
    """Input variables that are no labels: those that no node reads as its label."""
    from mxtrain.graph import topological

    labels = {
        e.node.name
        for n in topological(heads)
        for e, name in zip(n.inputs, n.input_names, strict=True)
        if name == "label" and e.node.op is None
    }
    return [n for n in net.inputs_of(heads) if n not in labels]


def input_types(config: Config, tree: Tree, where: Path, heads: tuple[Entry, ...], rows: int) -> dict[str, TensorType]:
    """Types of the data inputs: as ``input_shape`` says, else as the source and the augmenters say.

    Raises:
        ConfigError: if neither tells the shape.
    """
    inputs = data_inputs(heads)
    if config.input_shape is not None:
        return {inputs[0]: TensorType((rows, *config.input_shape))}
    try:
        return {inputs[0]: TensorType((rows, *_image_shape(config, where)))}
    except (DataError, ConfigError) as e:
        text = f"the shape of the input is not known: {e}; give it: input_shape: [channels, height, width]"
        raise ConfigError(tree.problem(("data",), text)) from None


def _image_shape(config: Config, where: Path) -> tuple[int, int, int]:
    steps = [Step(c.name, c.params) for c in config.augment]
    spec: ImageSpec | None = ImageSpec(None, None, 3)
    if config.data.train is not None:
        chosen = config.data.train
        spec = first_image(sources.REGISTRY.get(chosen.name).open(chosen.params, data_folder(config, where)))
    found = prepare(steps, spec, training=True)
    if found.size is None or found.channels is None:
        raise ConfigError("the samples are no images")
    return (found.channels, *found.size)
