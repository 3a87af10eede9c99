"""A net by itself: a config's net, or one of the shipped ones, on made-up samples, to be timed."""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from time import perf_counter

import numpy as np

from mxtrain import optim
from mxtrain.base.errors import ConfigError
from mxtrain.base.types import TensorType
from mxtrain.config.fill import read
from mxtrain.config.load import load, loads
from mxtrain.config.tree import Tree
from mxtrain.executor import Plan
from mxtrain.graph import Entry
from mxtrain.optim.schedules import Span
from mxtrain.passes import Options, infer_types
from mxtrain.train import net
from mxtrain.train.build import device_of, make_groups
from mxtrain.train.check import data_inputs, input_types
from mxtrain.train.fit import load_config
from mxtrain.train.initial import arrays_of, initialise
from mxtrain.train.model import PRECISION
from mxtrain.train.program import Program, make_program
from mxtrain.train.schema import Config
from mxtrain.train.shapes import with_shapes
from mxtrain.train.shipped import shipped_configs
from mxtrain.train.updater import Rule, Updater

BARE = """\
net: {{file: {name}}}
data: {{}}
input_shape: {shape}
batch_size: 32
optimizer: {{name: sgd, lr: 1e-4, momentum: 0.9, wd: 1e-4}}
"""
"""What stands around a net that comes without a config."""

SHAPE = [3, 224, 224]
WARM_UP = 3


@dataclass(frozen=True)
class Bare:
    """A net with its parameters and filled inputs.

    Args:
        plan: what runs.
        updater: what follows it; None for prediction.
        rows: samples per step.
        parts: parts in which a batch is computed.
        built: seconds from the config to the first step.
    """

    program: Program
    plan: Plan
    updater: Updater | None
    rows: int
    parts: int
    built: float

    def step(self, done: int) -> None:
        """One step after `done` others."""
        self.program.store.numbers.send()
        if self.updater is None:
            self.plan.run()
            return
        for part in range(self.parts):
            self.plan.run()
            if self.parts > 1:
                self.updater.accumulate(first=part == 0)
        self.updater.update(done, self.rows)

    @property
    def update_plan(self) -> Plan | None:
        """The optimizer's plan, if there is one."""
        return None if self.updater is None else self.updater.plan


def find_net(config: str, overrides: Sequence[str]) -> tuple[Config, Tree, Path]:
    """A config, or a shipped net with a plain config around it, whose parameters may stand among the overrides.

    Raises:
        ConfigError: with every problem.
    """
    name = config.removesuffix(".yaml")
    nets = shipped_configs() / "nets"
    if os.sep in config or os.path.exists(config) or (shipped_configs() / f"{name}.yaml").is_file():
        return load_config(config, overrides)
    if not (nets / f"{name}.yaml").is_file():
        known = [p.stem for p in sorted(nets.glob("*.yaml"))]
        raise ConfigError(f"no config and no net is called {config!r}; there are the nets {', '.join(known)}")
    shape = load(nets / f"{name}.yaml").data.get("input_shape", SHAPE)
    keys = {f.name for f in fields(Config)}
    tokens = [t if _key(t) in keys else f"net.{t}" for t in overrides]
    tree = loads(BARE.format(name=name, shape=shape), f"{name}.yaml", tokens)
    return read(tree, Config), tree, nets


def _key(token: str) -> str:
    return token.lstrip("~").partition("=")[0].partition(".")[0].partition("[")[0]


def make_bare(config: Config, tree: Tree, where: Path, *, batch: int | None = None, infer: bool = False) -> Bare:
    """Build the net of a config, draw its parameters, and fill its inputs with random numbers.

    Args:
        batch: samples per step, if not the config's.
        infer: prediction instead of training.

    Raises:
        ConfigError: if the shape of a sample is not known.
    """
    begun = perf_counter()
    if batch is not None:
        config = replace(config, batch_size=batch)
    device = device_of(config)
    heads = net.read_net(tree, where)
    parts = 1 if infer else config.grad_accum
    rows = -(-config.batch_size // parts)
    given = input_types(config, tree, where, heads, rows)
    heads = with_shapes(heads, given, tree, lambda: arrays_of(config, where))
    g = infer_types(heads, given)
    types = {n.name: n.types[0] for n in g.nodes if n.op is None and n.kind == "input"}
    options = Options(PRECISION[config.precision], config.memory, accumulate=config.grad_accum > 1)
    groups = None if infer else make_groups(config, tree, heads, types)
    program = make_program(heads, types, device, options, () if groups is None else list(groups.types))
    initialise(program, config, tree, where)
    updater = None
    if groups is None:
        plan = program.prediction({n: t for n, t in types.items() if n in data_inputs(heads)})
    else:
        updater = Updater(_rule(config), groups, program.store)
        updater.begin()
        plan = program.training(types)
        program.seed(config.seed, 0, 0)
    _fill(plan, _classes(heads, types), types)
    return Bare(program, plan, updater, config.batch_size, parts, perf_counter() - begun)


def _rule(config: Config) -> Rule:
    chosen, ema = config.optimizer, None if config.ema is None else config.ema.decay
    optimizer = optim.get(chosen.name)
    return Rule(optimizer, chosen.params, None, Span(1, 1), config.clip_global_norm, ema, config.grad_accum)


def _classes(heads: tuple[Entry, ...], types: Mapping[str, TensorType]) -> dict[str, int]:
    return {n: c.number for n, c in net.label_classes(net.find_heads(heads, types)).items()}


def _fill(plan: Plan, classes: Mapping[str, int], types: Mapping[str, TensorType]) -> None:
    """Normal numbers, and classes where a label is one. Zeros or random bytes would be faster or slower than data."""
    rng = np.random.default_rng(0)
    for name, target in plan.inputs.items():
        shape = types[name].shape
        drawn = rng.integers(0, classes[name], shape) if name in classes else rng.standard_normal(shape)
        plan.device.put(target, drawn.astype(np.float32))


def time_steps(bare: Bare, seconds: float, least: int = 7) -> list[float]:
    """Seconds of each step, after a few that are not counted.

    Args:
        seconds: how long it goes on.
        least: steps that are taken however long they take.
    """
    for k in range(WARM_UP):
        bare.step(k)
    times: list[float] = []
    begun = perf_counter()
    while len(times) < least or perf_counter() - begun < seconds:
        start = perf_counter()
        bare.step(WARM_UP + len(times))
        bare.program.device.synchronize()
        times.append(perf_counter() - start)
    return times


def peak_memory() -> int:
    """Bytes of this process that were resident at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


__all__ = ["Bare", "find_net", "make_bare", "peak_memory", "time_steps"]
