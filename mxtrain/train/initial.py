"""Parameters to begin with: drawn, or taken over from another model."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from mxtrain import init
from mxtrain.base.errors import ConfigError
from mxtrain.config.tree import Tree
from mxtrain.formats import ndarray_list
from mxtrain.graph import topological
from mxtrain.train.checkpoint_io import open_checkpoint
from mxtrain.train.program import Program
from mxtrain.train.schema import Config
from mxtrain.train.state import only

log = logging.getLogger(__name__)


def initialise(program: Program, config: Config, tree: Tree, where: Path) -> None:
    """Draw every parameter and auxiliary state, then take over what `start` names.

    Raises:
        ConfigError: if an initialiser does not fit a parameter, or arrays that must fit do not.
        DataError: if the file of arrays is damaged.
    """
    attrs = {n.name: n.attrs for n in topological(program.heads) if n.op is None}
    rule = init.rule_of(config.initializer)
    problems: list[str] = []
    store = program.store
    for arena in (store.parameters, store.auxiliaries):
        for name, t in arena.types.items():
            try:
                drawn = init.initial_value(rule, name, t.shape, attrs.get(name, {}), config.seed)
                store.device.put(arena[name], drawn)
            except ConfigError as e:
                problems += [tree.problem(("initializer",), p) for p in e.problems]
    if problems:
        raise ConfigError(problems)
    store.version += 1
    if config.start.weights:
        _take_over(program, config, tree, where)


def read_weights(text: str, where: Path) -> dict[str, Any]:
    """Arrays by name, of a .params file, a run or a checkpoint.

    Raises:
        CheckpointError, DataError, EnvironmentFault: if there is nothing to read.
    """
    path = where / Path(text).expanduser()
    if path.is_dir():
        checkpoint = open_checkpoint(path)
        found = ndarray_list.load(checkpoint.read(only(checkpoint, ".params")))
    else:
        found = ndarray_list.load(path)
    args, aux = ndarray_list.split_params(found)
    return {**args, **aux}


def _take_over(program: Program, config: Config, tree: Tree, where: Path) -> None:
    given = read_weights(config.start.weights or "", where)
    store = program.store
    if config.start.match == "all":
        try:
            store.load(given)
        except ConfigError as e:
            advice = "; with start.match: name only what fits is taken over"
            problems = [tree.problem(("start",), p + advice) for p in e.problems]
            raise ConfigError(problems) from None
        return
    taken, left = [], []
    for arena in (store.parameters, store.auxiliaries):
        for name, t in arena.types.items():
            if name in given and tuple(given[name].shape) == t.shape:
                store.device.put(arena[name], given[name])
                taken.append(name)
            else:
                left.append(name)
    store.version += 1
    unused = sorted(set(given) - set(taken))
    log.warning(
        "start: %d arrays taken over; drawn anew: %s; not used: %s",
        len(taken), ", ".join(left) or "none", ", ".join(unused) or "none",
    )  # fmt: skip
    if not taken:
        raise ConfigError(tree.problem(("start",), f"no array of {config.start.weights} fits a parameter of the net"))
