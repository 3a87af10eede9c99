"""Parameters to begin with: drawn, or taken over from another model."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mxtrain import init
from mxtrain.base.errors import ConfigError, EnvironmentFault
from mxtrain.base.types import TensorType
from mxtrain.config.tree import Tree
from mxtrain.formats import ndarray_list
from mxtrain.graph import topological
from mxtrain.train.checkpoint_io import open_checkpoint
from mxtrain.train.program import Program
from mxtrain.train.schema import Config
from mxtrain.train.state import only

log = logging.getLogger(__name__)

WEIGHTS = ("start", "weights")


def initialise(program: Program, config: Config, tree: Tree, where: Path) -> None:
    """Take over what `start` names, and draw every other parameter and auxiliary state.

    Raises:
        ConfigError: if an initialiser does not fit a parameter, or arrays that must fit do not.
        DataError: if the file of arrays is damaged.
    """
    named = config.start.weights
    given = read_weights(named, where) if named else {}
    if named and config.start.match == "all":
        try:
            program.store.load(given)
        except ConfigError as e:
            advice = _advice(given) or "; with start.match: name only what fits is taken over"
            raise ConfigError([tree.problem(WEIGHTS, p + advice) for p in e.problems]) from None
        return
    _draw(program, config, tree, given)
    if named:
        _take_over(program, config, tree, given)


def _advice(given: Mapping[str, Any]) -> str:
    dotted = next((name for name in given if "." in name), None)
    if dotted is None:
        return ""
    return f"; names such as {dotted!r} are those of Gluon's save_parameters(): write the file with export()"


def _fits(given: Mapping[str, Any], name: str, t: TensorType) -> bool:
    return name in given and tuple(given[name].shape) == t.shape


def _draw(program: Program, config: Config, tree: Tree, given: Mapping[str, Any]) -> None:
    """Draw what is not given: of what is, nothing needs to say how it begins."""
    attrs = {n.name: n.attrs for n in topological(program.heads) if n.op is None}
    rule = init.rule_of(config.initializer)
    problems: list[str] = []
    store = program.store
    for arena in (store.parameters, store.auxiliaries):
        for name, t in arena.types.items():
            if _fits(given, name, t):
                continue
            try:
                drawn = init.initial_value(rule, name, t.shape, attrs.get(name, {}), config.seed)
                store.device.put(arena[name], drawn)
            except ConfigError as e:
                problems += [tree.problem(("initializer",), p) for p in e.problems]
    if problems:
        raise ConfigError(problems)
    store.version += 1


def read_weights(text: str, where: Path) -> dict[str, Any]:
    """Arrays by name, of a .params file, a run or a checkpoint.

    Raises:
        CheckpointError, DataError, EnvironmentFault: if there is nothing to read.
    """
    path = where / Path(text).expanduser()
    if not os.path.lexists(path):
        raise EnvironmentFault(
            f"start.weights: {text}: looked for {os.path.abspath(path)}, where nothing is; name a run, checkpoint or "
            ".params file (relative paths start at the config's folder)"
        )
    if path.is_dir():
        checkpoint = open_checkpoint(path)
        found = ndarray_list.load(checkpoint.read(only(checkpoint, ".params")))
    else:
        found = ndarray_list.load(path)
    args, aux = ndarray_list.split_params(found)
    return {**args, **aux}


def arrays_of(config: Config, where: Path, resumed: Path | None = None) -> dict[str, Any]:
    """The arrays that a run begins with, or goes on from; none if it draws all. Errors as `read_weights`."""
    named = config.start.weights if resumed is None else os.fspath(resumed)
    return read_weights(named, where) if named else {}


def _take_over(program: Program, config: Config, tree: Tree, given: Mapping[str, Any]) -> None:
    store = program.store
    taken, left = [], []
    for arena in (store.parameters, store.auxiliaries):
        for name, t in arena.types.items():
            if _fits(given, name, t):
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
        message = f"no array of {config.start.weights} fits a parameter of the net{_advice(given)}"
        raise ConfigError(tree.problem(WEIGHTS, message))
