"""Looking at a config without training: net, shapes, parameters, operations, kernels, memory. No data is read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from mxtrain import optim
from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.errors import ConfigError, DataError
from mxtrain.base.types import TensorType
from mxtrain.config.tree import Tree
from mxtrain.data import sources
from mxtrain.data.augmenter import ImageSpec
from mxtrain.data.iterator import first_image
from mxtrain.data.pipeline import Step, prepare
from mxtrain.graph import Entry, Graph
from mxtrain.ops import vocabulary
from mxtrain.optim.update import SUMS
from mxtrain.passes import Compiled, Options, Strategy, compile_graph, infer_types
from mxtrain.train import net
from mxtrain.train.build import check_shape, count_threads, device_of, make_groups
from mxtrain.train.data import data_folder
from mxtrain.train.device import kind, missing
from mxtrain.train.footprint import START, Footprint, footprint, largest
from mxtrain.train.initial import arrays_of
from mxtrain.train.model import PRECISION
from mxtrain.train.program import compile_prediction, compile_training
from mxtrain.train.schema import MOST_ROWS, Config
from mxtrain.train.shapes import with_shapes
from mxtrain.train.updater import guard

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
        footprints: what training needs in all, by memory strategy.
        device: that kernels were chosen for.
        update: the plan of the update; None if nothing is trained.
    """

    graph: Graph
    training: dict[Strategy, Compiled]
    prediction: dict[Strategy, Compiled]
    groups: optim.Groups
    state_bytes: int
    rows: int
    footprints: dict[Strategy, Footprint]
    device: Device
    update: Compiled | None = None

    @property
    def captured(self) -> tuple[Compiled, ...]:
        """What a step captures into a CUDA graph, beside metrics and losses; none on the host."""
        plans = (self.training["both"], self.update) if self.device.runtime is not None else ()
        return tuple(p for p in plans if p is not None)


@dataclass(frozen=True)
class _Looked:
    """A net that can be compiled for any number of rows.

    Args:
        types: of the inputs whose shape is known, for some number of rows.
        arenas: bytes of parameters, gradients, auxiliaries and optimizer state.
    """

    config: Config
    device: Device
    heads: tuple[Entry, ...]
    types: dict[str, TensorType]
    groups: optim.Groups
    state_bytes: int
    arenas: int

    def compiled(self, strategy: Strategy, rows: int) -> tuple[Graph, Compiled, Compiled]:
        """(the net typed for so many rows, its training plan, its prediction plan)."""
        types = {n: t._replace(shape=(rows, *t.shape[1:])) for n, t in self.types.items()}
        options = Options(PRECISION[self.config.precision], strategy, accumulate=self.config.grad_accum > 1)
        return (
            infer_types(self.heads, types),
            self._taken(compile_training(self.heads, list(self.groups.types), types, self.device, options)),
            self._taken(compile_prediction(self.heads, types, self.device, options)),
        )

    def update(self) -> Compiled | None:
        """The plan of the update; None if nothing is trained."""
        if not self.groups.groups:
            return None
        c, scaled = self.config, PRECISION[self.config.precision] == "float16"
        g = optim.update_graph(
            optim.get(c.optimizer.name), c.optimizer.params, self.groups, ema=c.ema.decay if c.ema else None,
            gradients=SUMS if c.grad_accum > 1 else "gradients", guard=guard(scaled, c.clip_global_norm, self.device),
        )  # fmt: skip
        return self._taken(compile_graph(g, self.device, vocabulary=vocabulary(), options=Options(hoist=False)))

    def _taken(self, compiled: Compiled) -> Compiled:
        """With what libraries would take on a GPU, where there is none to ask."""
        if not cuda.is_planned(self.device):
            return compiled
        return replace(compiled, recipes=cuda.assumed(compiled.recipes, self.device))

    def footprint(self, strategy: Strategy, batch_size: int) -> Footprint:
        """What training needs with batches of this size."""
        parts = self.config.grad_accum
        g, training, prediction = self.compiled(strategy, -(-batch_size // parts))
        evaluated = self.config.eval_batch_size or batch_size
        if self.config.data.val is not None and evaluated != -(-batch_size // parts):
            prediction = self.compiled(strategy, evaluated)[2]
        return footprint(self.config, g, training, prediction, self.arenas)


def _look(config: Config, tree: Tree, where: Path) -> _Looked:
    device = _device(config)
    heads = net.read_net(tree, where)
    net.check_parts(heads, config.grad_accum, tree)
    types = input_types(config, tree, where, heads, -(-config.batch_size // config.grad_accum))
    heads = with_shapes(heads, types, tree, lambda: arrays_of(config, where))
    g = infer_types(heads, types)
    groups = make_groups(config, tree, heads, types)
    states = optim.get(config.optimizer.name).state_names(config.optimizer.params)
    trained = sum(t.nbytes for t in groups.types.values())
    extra = len(states) + (config.ema is not None) + (config.grad_accum > 1)
    kept = sum(n.types[0].nbytes for n in g.nodes if n.kind in ("parameter", "auxiliary"))
    return _Looked(config, device, heads, types, groups, trained * extra, kept + trained * (1 + extra))


def _device(config: Config) -> Device:
    """The config's device, or one that stands for a GPU where none can be used."""
    if kind(config.device) == "gpu" and missing():
        return cuda.planned_device(count_threads(config))
    return device_of(config)


def check_config(config: Config, tree: Tree, where: Path) -> Checked:
    """Type and compile the net of a config.

    Raises:
        ConfigError: with every problem at its line; ShapeError at the line of the layer that does not fit.
    """
    looked = _look(config, tree, where)
    rows = -(-config.batch_size // config.grad_accum)
    plans = {s: looked.compiled(s, rows) for s in STRATEGIES}
    same = rows == (config.eval_batch_size or config.batch_size) or config.data.val is None
    return Checked(
        plans["both"][0], {s: p[1] for s, p in plans.items()}, {s: p[2] for s, p in plans.items()},
        looked.groups, looked.state_bytes, rows,
        {s: footprint(config, *p, looked.arenas) if same else looked.footprint(s, config.batch_size)
         for s, p in plans.items()},
        looked.device, looked.update(),
    )  # fmt: skip


def largest_batches(config: Config, tree: Tree, where: Path, budget: int) -> dict[Strategy, int]:
    """The largest batch_size that trains within `budget` bytes, for each memory strategy; 0: none.

    Raises:
        ConfigError, ShapeError: as `check_config`.
    """
    looked = _look(config, tree, where)
    return {
        s: largest(lambda b, s=s: START + looked.footprint(s, b).peak, budget, config.batch_size, MOST_ROWS)  # type: ignore[misc]
        for s in STRATEGIES
    }


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
    """Types of the data inputs, as ``input_shape`` says; else as the source and the augmenters say, and of its labels.

    Raises:
        ConfigError: if neither tells the shape, or the net reads no data.
    """
    inputs = data_inputs(heads)
    if not inputs:
        raise ConfigError(tree.problem(("net",), "the net reads no data: all its variables are parameters or labels"))
    if config.input_shape is not None:
        _check_augment(config, config.input_shape, tree)
        return {inputs[0]: TensorType((rows, *config.input_shape))}
    try:
        found = _shapes(config, where, inputs, [n for n in net.inputs_of(heads) if n not in inputs])
        return {n: TensorType((rows, *shape)) for n, shape in found.items()}
    except (DataError, ConfigError) as e:
        text = f"the shape of the input is not known: {e}; give it: input_shape: [channels, height, width]"
        raise ConfigError(tree.problem(("data",), text)) from None


def _check_augment(config: Config, shape: tuple[int, ...], tree: Tree) -> None:
    """Compare ``input_shape`` with the size that the augmenters give images of any size, if they do give one.

    Raises:
        ConfigError: if it is another, or if they give none where the source has images of any size.
    """
    chosen = config.data.train
    if chosen is None:
        return
    steps = [Step(c.name, c.params) for c in config.augment]
    try:
        found = prepare(steps, ImageSpec(None, None, getattr(chosen.params, "channels", None)), training=True)
    except ConfigError as e:
        if sources.REGISTRY.get(chosen.name).sized:
            return
        at = ("augment",) if config.augment else ("data", "train")
        raise ConfigError([tree.problem(at, p) for p in e.problems]) from None
    if found.size is not None:
        check_shape((found.channels or shape[0], *found.size), shape, tree)


def _shapes(config: Config, where: Path, inputs: list[str], labels: list[str]) -> dict[str, tuple[int, ...]]:
    """Shape of one sample by input, as the source and the augmenters say; without a source, of colour images.

    Those of labels are known of a source of numbers; the only label may have two names.
    """
    steps = [Step(c.name, c.params) for c in config.augment]
    if config.data.train is None:
        return {inputs[0]: _image_shape(steps, ImageSpec(None, None, 3))}
    chosen = config.data.train
    source = sources.REGISTRY.get(chosen.name).open(chosen.params, data_folder(config, where))
    spec = first_image(source)
    if spec is not None:
        return {inputs[0]: _image_shape(steps, spec)}
    prepare(steps, None, training=True)
    only = next(iter(source.labels.values())) if len(source.labels) == len(labels) == 1 else None
    fields = {**{n: source.inputs.get(n) for n in inputs}, **{n: source.labels.get(n, only) for n in labels}}
    shapes = {n: f.type.known_shape for n, f in fields.items() if f is not None and f.type.known_shape is not None}
    if not shapes.keys() & set(inputs):
        raise ConfigError(f"the net takes {', '.join(inputs)}, the data has {', '.join(source.inputs)}")
    return shapes


def _image_shape(steps: list[Step], spec: ImageSpec) -> tuple[int, int, int]:
    found = prepare(steps, spec, training=True)
    if found.size is None or found.channels is None:
        raise ConfigError("how many channels the images have")
    return (found.channels, *found.size)
