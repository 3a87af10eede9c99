"""The composition root: a checked config becomes everything that a run works with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mxtrain import metrics, optim
from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.errors import ConfigError
from mxtrain.base.types import TensorType
from mxtrain.config.tree import Tree
from mxtrain.graph import Entry, topological
from mxtrain.metrics import MetricSet, Shown
from mxtrain.ops import vocabulary
from mxtrain.optim import schedules
from mxtrain.optim.schedules import Span
from mxtrain.passes import Options, for_training, infer_types
from mxtrain.train import net
from mxtrain.train.data import DataSet, Tools, open_set
from mxtrain.train.device import make_device
from mxtrain.train.evaluate import batch_types
from mxtrain.train.feeder import Feeder
from mxtrain.train.initial import arrays_of, initialise
from mxtrain.train.mixing import Mixing, make_mixing
from mxtrain.train.model import PRECISION
from mxtrain.train.net import Head
from mxtrain.train.program import Program, compile_training, make_program, variables
from mxtrain.train.ring import DEVICES
from mxtrain.train.room import Need, check_room, held
from mxtrain.train.schema import Config
from mxtrain.train.shapes import with_shapes
from mxtrain.train.state import ModelInfo
from mxtrain.train.updater import Rule, Updater


@dataclass(frozen=True)
class Built:
    """A run's parts, before it has a directory.

    Args:
        names: what the data calls a label -> what the net calls it.
        info: what prediction will need to know.
        mixing: what is done to training batches, or None.
    """

    config: Config
    device: Device
    heads: tuple[Entry, ...]
    shown: tuple[Head, ...]
    train: DataSet
    val: DataSet | None
    names: Mapping[str, str]
    program: Program
    updater: Updater
    info: ModelInfo
    mixing: Mixing | None = None

    def feeder(self, data: DataSet) -> Feeder:
        """How batches of a data set reach the net."""
        # Classes are looked at before they are mixed; after it they are probabilities.
        mixed = data is self.train and self.mixing is not None
        return Feeder(data.it.finish, {} if mixed else net.label_classes(self.shown), self.names, self.device)

    def metric_set(self) -> MetricSet:
        """The metrics of the config, once per labelled head."""
        return make_metrics(self.config, self.shown)


def build(
    config: Config,
    tree: Tree,
    where: Path,
    device: Device | None = None,
    *,
    resumed: Path | None = None,
    tools: Tools | None = None,
) -> Built:
    """Open the data, build the net, draw the parameters.

    Args:
        where: folder of the config file.
        device: where it runs; default: as the config says.
        tools: libraries that make pixels; default: as the config says, or the fastest that are installed.
        resumed: a checkpoint that will fill the parameters, which are left 0.

    Raises:
        ConfigError, DataError, BackendUnavailable: with all that is wrong and where.
    """
    device = device or device_of(config)
    heads = net.read_net(tree, where)
    net.check_parts(heads, config.grad_accum, tree)
    train, val = open_sets(config, tree, where, tools, on_device=device.runtime is not None)
    if config.input_shape is not None:
        check_shape(next(iter(train.it.net_types.inputs.values())).shape[1:], config.input_shape, tree)
    names = net.label_names(heads, train.it, tree)
    types = batch_types(train.it, min(config.batch_size, len(train.source)), labels=names)
    heads = with_shapes(heads, types, tree, lambda: arrays_of(config, where, resumed))
    shown = tuple(net.find_heads(heads, types))
    net.check_classes(list(shown), train.source.classes, tree)
    check_val(train, val, tree)
    groups = make_groups(config, tree, heads, types)
    options = Options(PRECISION[config.precision], config.memory, accumulate=config.grad_accum > 1)
    program = make_program(heads, types, device, options, list(groups.types))
    if resumed is None:
        initialise(program, config, tree, where)
    rule = make_rule(config, train)
    updater = Updater(rule, groups, program.store)
    updater.begin()
    if device.runtime is not None:
        _check_room(program, types, -(-min(config.batch_size, len(train.source)) // config.grad_accum))
    info = model_info(config, heads, train, names, types, device)
    mixing = make_mixing(config.mix, train.it, shown, names, config.seed, tree)
    built = Built(config, device, heads, shown, train, val, names, program, updater, info, mixing)
    check_run(built, tree)
    return built


def _check_room(program: Program, types: Mapping[str, TensorType], rows: int) -> None:
    """Refuse a run that its device has no room for, before the first step finds out."""

    def need(n: int) -> Need:
        sized = {name: t._replace(shape=(n, *t.shape[1:])) for name, t in types.items()}
        memory = compile_training(program.heads, program.trained, sized, program.device, program.options).memory
        slots = (DEVICES + 1) * sum(t.nbytes for t in sized.values())
        return Need(held(program.store), memory.block + memory.persistent + slots)

    check_room(program.device.name, cuda.cuda_of(program.device).free_memory(), rows, need)


def device_of(config: Config, threads: int | None = None) -> Device:
    """The device that a config asks for.

    Args:
        threads: of the kernels; default: as the config says.

    Raises:
        BackendUnavailable: if it cannot be used.
    """
    return make_device(
        threads or count_threads(config), config.device, deterministic=config.deterministic,
        tf32=config.precision == "tf32",
    )  # fmt: skip


def open_sets(
    config: Config, tree: Tree, where: Path, tools: Tools | None, *, on_device: bool = False
) -> tuple[DataSet, DataSet | None]:
    """The data to train on and to evaluate on, opened at the same time: compressed files take a while.

    Args:
        on_device: leave to a device what it can do of the augmentation.
    """
    with ThreadPoolExecutor(1) as pool:
        val = pool.submit(open_set, config, tree, where, "val", tools=tools)
        train = open_set(config, tree, where, "train", tools=tools, on_device=on_device)
        if train is None:
            raise ConfigError(tree.problem(("data",), "data.train is missing: what is there to train on?"))
        return train, val.result()


def count_threads(config: Config) -> int:
    """Threads of the kernels: as the config says, or one per core."""
    return len(os.sched_getaffinity(0)) if config.threads == "auto" else config.threads


def epochs_of(config: Config) -> int:
    """Epochs of a new run.

    Raises:
        ConfigError: for a text.
    """
    if isinstance(config.epochs, int) and config.epochs >= 0:
        return config.epochs
    raise ConfigError(f"epochs: expected a number of epochs, got {config.epochs!r}; +N goes with --resume")


def check_shape(found: tuple[int, ...], given: tuple[int, ...], tree: Tree) -> None:
    """What ``input_shape`` says must be what the data and the augmenters give.

    Raises:
        ConfigError: if it is not.
    """
    if found != given:
        text = f"is {by(given)}, but `data` and `augment` give {by(found)}; correct it, or leave it out"
        raise ConfigError(tree.problem(("input_shape",), text))


def by(shape: tuple[int, ...]) -> str:
    """3 x 32 x 32."""
    return " x ".join(map(str, shape)) or "one number"


def check_val(train: DataSet, val: DataSet | None, tree: Tree) -> None:
    """The evaluation data must be of the same kind as the training data.

    Raises:
        ConfigError: if samples, labels or classes differ.
    """
    if val is None:
        return
    ours, theirs = ({n: by(t.shape[1:]) for n, t in s.it.net_types.inputs.items()} for s in (train, val))
    if ours != theirs:
        mine, other = (", ".join(f"{n} {s}" for n, s in shapes.items()) for shapes in (theirs, ours))
        raise ConfigError(tree.problem(("data", "val"), f"its samples are {mine}, those of data.train {other}"))
    if train.it.net_types.labels.keys() != val.it.net_types.labels.keys():
        mine, other = (", ".join(s.it.net_types.labels) for s in (val, train))
        raise ConfigError(tree.problem(("data", "val"), f"its labels are {mine}, those of data.train {other}"))
    if train.source.classes and val.source.classes and train.source.classes != val.source.classes:
        raise ConfigError(tree.problem(("data", "val"), _unlike(train.source.classes, val.source.classes)))


def _unlike(ours: tuple[str, ...], theirs: tuple[str, ...]) -> str:
    """What to do about evaluation data whose classes are not those of the training data."""
    missing, more = [c for c in ours if c not in theirs], [c for c in theirs if c not in ours]
    if more:
        return (
            f"data.train has no {listed(more)}: what was not learned cannot be measured; leave it out, or add it there"
        )
    if missing:
        return f"it has no {listed(missing)}; if that is right, name all in data.val, in label order: {named(ours)}"
    return f"its classes are those of data.train in another order; name them in both: {named(ours)}"


def named(classes: tuple[str, ...]) -> str:
    """A value of ``classes:``, as far as it is short."""
    return f"classes: [{listed(list(classes))}]"


def listed(names: list[str]) -> str:
    """The first eight names."""
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def check_run(built: Built, tree: Tree) -> None:
    """What would otherwise show only while the run is under way.

    Raises:
        ConfigError: if the rule or its schedule has no meaning at the first step or the last, or a metric that is
            followed will not be measured.
    """
    config, known = built.config, measured(built)
    try:
        for number in (1, built.updater.rule.span.total_steps or 1):
            built.updater.numbers(number)
    except ConfigError as e:
        raise ConfigError([tree.problem(("lr_scheduler",), p) for p in e.problems]) from None
    early = config.early_stop
    followed = {("checkpoint", "monitor"): config.checkpoint.monitor} | (
        {("early_stop", "monitor"): early.monitor} if early else {}
    )
    problems = [
        tree.problem(path, f"no metric {name!r} is measured in this run; there are: {', '.join(known)}")
        for path, name in followed.items()
        if name is not None and name not in known
    ]
    if problems:
        raise ConfigError(problems)


def make_groups(config: Config, tree: Tree, heads: tuple[Entry, ...], types: Mapping[str, TensorType]) -> optim.Groups:
    """Which parameters are trained, with which multipliers. What no gradient reaches is not."""
    g = infer_types(heads, types)
    parameters = variables(g, "parameter")
    _, grads = for_training(g, list(parameters), vocabulary=vocabulary(), options=Options())
    rule = optim.get(config.optimizer.name)
    given = [optim.Parameter(n, v.types[0], v.attrs) for n, v in parameters.items() if n in grads]
    try:
        return optim.make_groups(given, config.multipliers, rule.decays)
    except ConfigError as e:
        raise ConfigError([tree.problem(("multipliers",), p) for p in e.problems]) from None


def make_rule(config: Config, train: DataSet) -> Rule:
    """The optimizer with its schedule over this run's length."""
    chosen = config.lr_scheduler
    schedule = None if chosen is None else (schedules.REGISTRY.get(chosen.name), chosen.params)
    epochs = config.epochs if isinstance(config.epochs, int) else 0
    total = epochs * train.it.batches
    span = Span(min(total, config.max_steps or total), train.it.batches)
    return Rule(
        optim.get(config.optimizer.name), config.optimizer.params, schedule, span,
        clip=config.clip_global_norm, ema=None if config.ema is None else config.ema.decay, parts=config.grad_accum,
        scaled=PRECISION[config.precision] == "float16",
    )  # fmt: skip


def make_metrics(config: Config, heads: tuple[Head, ...]) -> MetricSet:
    """The metrics of a config for the heads that have a label."""
    labelled = [h for h in heads if h.label is not None]
    shown = []
    for chosen in config.metrics:
        metric = metrics.get(chosen.name)
        k = getattr(chosen.params, "k", None)
        base = chosen.name if k is None else f"{chosen.name}_{k}"
        for head in labelled:
            name = base if len(labelled) == 1 else f"{base}.{head.name}"
            shown.append(Shown(name, metric, chosen.params, head.label, head.name))
    return MetricSet(shown)


def model_info(
    config: Config, heads: tuple[Entry, ...], train: DataSet, names: Mapping[str, str],
    types: Mapping[str, TensorType], device: Device,
) -> ModelInfo:  # fmt: skip
    """What prediction will need to know."""
    import json

    kinds = {n.name: str(n.kind) for n in topological(heads) if n.op is None}
    inputs = {n: list(types[n].shape[1:]) for n in train.it.net_types.inputs}
    labels = {n: list(types[n].shape[1:]) for n in names.values()}
    classes = list(train.source.classes) if train.source.classes else None
    fixed = prepare_fixed(config, train)
    return ModelInfo(
        name=config.name, inputs=inputs, labels=labels, kinds=kinds, classes=classes,
        preprocess=json.loads(fixed.to_json()), precision=config.precision, memory=config.memory,
        threads=device.threads, seed=config.seed,
    )  # fmt: skip


def prepare_fixed(config: Config, train: DataSet) -> Any:
    """The preprocessing of evaluation, for the training data's images and with its libraries."""
    from mxtrain.data.iterator import first_image
    from mxtrain.data.pipeline import Step, prepare

    steps = [Step(c.name, c.params) for c in config.augment]
    made, used = prepare(steps, first_image(train.source), training=False), train.preprocess
    return replace(made, decoder=used.decoder, resizer=used.resizer)


def monitored(built: Built) -> tuple[str, str]:
    """Name and mode of the metric that says which checkpoint is best: as the config says, else the first metric."""
    config = built.config
    name = config.checkpoint.monitor
    if name is None:
        first = next(iter(built.metric_set().shown), None)
        name = "train.loss" if first is None else f"{'train' if built.val is None else 'val'}.{first.name}"
    return name, mode_of(name, config)


def measured(built: Built) -> list[str]:
    """Names of all that an epoch will measure."""
    shown = [s.name for s in built.metric_set().shown]
    losses = [h.name for h in built.shown if h.loss]
    parts = [f"train.loss.{name}" for name in losses] if len(losses) > 1 else []
    return ["train.loss", *parts, *(f"train.{n}" for n in shown), *(f"val.{n}" for n in shown if built.val)]


def mode_of(name: str, config: Config) -> str:
    """Whether a larger or a smaller value of a metric is better."""
    short = name.split(".")[1] if "." in name else name
    for chosen in config.metrics:
        if short == chosen.name or short.startswith(f"{chosen.name}_"):
            return "max" if metrics.get(chosen.name).better == "higher" else "min"
    return "min" if short == "loss" else "max"


__all__ = ["Built", "build", "count_threads", "epochs_of", "make_metrics", "measured", "mode_of", "monitored"]
