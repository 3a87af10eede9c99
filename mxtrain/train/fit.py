"""Runs from the outside: start one, go on with one, evaluate one."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from mxtrain.base.errors import CheckpointError, ConfigError, DataError
from mxtrain.config.dump import dump
from mxtrain.config.fill import fill, read, resolve
from mxtrain.config.load import load
from mxtrain.config.tree import Tree
from mxtrain.formats.symbol_json import symbol_text
from mxtrain.formats.symbol_write import from_entries
from mxtrain.train import data, net
from mxtrain.train.build import Built, build, device_of, epochs_of, make_metrics, measured, mode_of, monitored
from mxtrain.train.callbacks.log_lines import log_lines
from mxtrain.train.callbacks.metrics_log import metrics_log
from mxtrain.train.callbacks.progress import progress
from mxtrain.train.checkpoint_io import Checkpoint, Policy, open_checkpoint, prepare
from mxtrain.train.checkpoint_read import step_of
from mxtrain.train.device import take_over
from mxtrain.train.device_session import make_steps
from mxtrain.train.evaluate import batch_types, evaluate
from mxtrain.train.events import Callback, Event
from mxtrain.train.feeder import Feeder
from mxtrain.train.loop import Session, fit
from mxtrain.train.metrics_file import MetricsFile, last_values, open_metrics, rollback
from mxtrain.train.model import load_model
from mxtrain.train.monitor import Monitor
from mxtrain.train.require import Requirement, check_names
from mxtrain.train.run_directory import RunDirectory, create, describe_run, lock, log_handler, open_run
from mxtrain.train.saver import Saver, parse_every
from mxtrain.train.schema import Config
from mxtrain.train.shipped import shipped_configs
from mxtrain.train.signals import watch
from mxtrain.train.state import STATE, RunState, load_arrays, only, parse_state, symbol_name

CONFIG, DATA, WHERE, RESOLVED = "config.yaml", "data.json", "where", "config_sha256"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Args:
        run: its directory.
        values: train.* and val.* of the last epoch.
    """

    run: Path
    values: Mapping[str, float]


def load_config(config: str, overrides: Sequence[str]) -> tuple[Config, Tree, Path]:
    """A config file checked, its tree, and its folder.

    Raises:
        ConfigError: with every problem, those of the net too.
    """
    tree = load(config, overrides, [shipped_configs()])
    position = tree.position(())
    where = Path(position.file).resolve().parent if position else Path.cwd()
    record, problems = fill(tree, Config)
    if isinstance(tree.data, dict) and tree.data.get("net"):
        try:
            net.read_net(tree, where)
        except ConfigError as e:
            problems += e.problems
    if record is None or problems:
        raise ConfigError(problems)
    return record, tree, where


def start_run(
    config: str, overrides: Sequence[str], runs: Path, command: Sequence[str], require: Sequence[Requirement] = ()
) -> Outcome:
    """Make a run directory and train.

    Args:
        runs: folder of all runs.
        command: the command line, for the record.
        require: what its last epoch will be asked; only the names are looked at here.

    Raises:
        MXTrainError: before anything is written, if the config, the data or the net cannot be used.
    """
    record, tree, where = load_config(config, overrides)
    epochs = epochs_of(record)
    built = build(record, tree, where)
    check_names(require, measured(built))
    resolved = resolved_text(built, tree, where)
    meta = {**describe_run(command, [built.device.name]), WHERE: os.fspath(where), RESOLVED: _digest(resolved.encode())}
    run = create(runs, record.name, dump(tree), resolved, meta)
    with lock(run):
        return _train(run, built, RunState(epochs=epochs), (resolved, where))


def resume_run(
    path: Path, overrides: Sequence[str], *, changed_data: bool = False, require: Sequence[Requirement] = ()
) -> Outcome:
    """Go on with a run, from its newest good checkpoint, to the bits that an uninterrupted run would have.

    Args:
        overrides: KEY=VALUE; ``epochs=+5`` adds epochs.
        changed_data: go on although the data files are not what they were.
        require: as in `start_run`.

    Raises:
        CheckpointError: if the checkpoint does not fit the configuration, or there are some and none verifies.
        DataError: if the data has changed.
    """
    run = open_run(path)
    with lock(run):
        prepare(run.checkpoints, run_id=run.run_id)
        checkpoint = _newest(run)
        more, rest = _extension(overrides)
        where = _config_folder(run)
        tree = load(checkpoint.path / CONFIG if checkpoint else run.path / CONFIG, rest)
        record = read(tree, Config)
        if checkpoint is None:
            log.warning("%s holds no checkpoint: the run begins anew", run.path)
            rollback(run.metrics, 0, 0)
            state = RunState(epochs=epochs_of(record) + more)
            built = build(replace(record, epochs=state.epochs), tree, where)
            check_names(require, measured(built))
        else:
            _tell_if_edited(run)
            state, info, extra = parse_state(checkpoint.read(STATE), os.fspath(checkpoint.path))
            _same_batches(checkpoint, state, record, tree)
            state.epochs = (epochs_of(record) if _given("epochs", rest) else state.epochs) + more
            if more and record.early_stop and state.waited >= record.early_stop.patience:
                # It had stopped early, and is asked to go on all the same.
                state.waited = 0
            threads = record.threads if _given("threads", rest) else info.threads
            record = replace(record, epochs=state.epochs)
            tools = data.tools_for(record, data.tools_of(info.preprocess))
            device = device_of(record, None if threads == "auto" else threads)
            if differs := take_over(device, extra):
                log.warning("%s", differs)
            built = build(record, tree, where, device, resumed=checkpoint.path, tools=tools)
            check_names(require, measured(built))
            _restore(checkpoint, built, state, changed_data)
            rollback(run.metrics, checkpoint.step, extra.get("metrics_size"))
        return _train(run, built, state, (resolved_text(built, tree, where), where))


def _newest(run: RunDirectory) -> Checkpoint | None:
    """The newest good checkpoint; None if none was ever committed."""
    if any(step_of(name) >= 0 for name in os.listdir(run.checkpoints)):
        return open_checkpoint(run.path)
    return None


def _config_folder(run: RunDirectory) -> Path:
    """Where the config file was, from which the paths in it start."""
    file = run.path / "meta.json"
    where = json.loads(file.read_bytes()).get(WHERE)
    if not isinstance(where, str):
        raise DataError(f"{file}: {WHERE}: expected the folder of the config file, got {where!r}: damaged or edited")
    return Path(where)


def _digest(config: bytes) -> str:
    return hashlib.sha256(config).hexdigest()


def _tell_if_edited(run: RunDirectory) -> None:
    """Whoever edits the copy of the config in a run expects something of it."""
    file = run.path / CONFIG
    written = json.loads((run.path / "meta.json").read_bytes()).get(RESOLVED)
    with suppress(OSError):
        if written is not None and _digest(file.read_bytes()) != written:
            log.warning(
                "%s was edited; it says how the run began, and a resumed run takes the config of its checkpoint: "
                "give changes as keys (mxtrain fit --resume %s KEY=VALUE)", file, run.path,
            )  # fmt: skip


def _extension(overrides: Sequence[str]) -> tuple[int, list[str]]:
    """(epochs that ``epochs=+N`` adds, the other overrides)."""
    more, rest = 0, []
    for token in overrides:
        if token.startswith("epochs=+") and token[8:].isdecimal():
            more += int(token[8:])
        else:
            rest.append(token)
    return more, rest


def _given(key: str, overrides: Sequence[str]) -> bool:
    return any(t.startswith(f"{key}=") for t in overrides)


def _same_batches(checkpoint: Checkpoint, state: RunState, record: Config, tree: Tree) -> None:
    """A place within an epoch means something else in batches of another size."""
    then = read(load(checkpoint.path / CONFIG, ()), Config)
    if state.batch and (then.batch_size, then.data.last_batch) != (record.batch_size, record.data.last_batch):
        text = f"the checkpoint stands within an epoch, after batch {state.batch} of {then.batch_size} samples"
        raise ConfigError(tree.problem(("batch_size",), f"{text}; batches can only change between epochs"))


def _restore(checkpoint: Checkpoint, built: Built, state: RunState, changed_data: bool) -> None:
    symbol = checkpoint.read(only(checkpoint, "-symbol.json")).decode()
    if symbol != symbol_text(from_entries(built.heads)):
        raise CheckpointError(
            f"{checkpoint.path}: its net is not that of the configuration; was the net file changed? Start a new run, "
            "with start.weights to take over what fits"
        )
    now, then = data.describe(_sets(built)), json.loads(checkpoint.read(DATA))
    if json.loads(json.dumps(now)) != then and not changed_data:
        changed = [n for n in sorted({*now, *then}) if json.loads(json.dumps(now.get(n))) != then.get(n)]
        raise DataError(
            f"the files of data.{', data.'.join(changed)} have changed since the checkpoint; put them back, or say "
            "--changed-data (the run will then not be what it would have been)"
        )
    load_arrays(checkpoint, built.program.store, states=True)
    built.train.it.bad.update({int(k): v for k, v in state.bad.items()})


def _sets(built: Built) -> list[tuple[str, data.DataSet]]:
    return [("train", built.train), *([("val", built.val)] if built.val else [])]


def resolved_text(built: Built, tree: Tree, where: Path) -> str:
    """The config with every default and path filled in, as YAML."""
    config = built.config
    filled = replace(config, data=replace(config.data, root=data.resolved_root(config, where)))
    return dump(resolve(filled, tree))


def _train(run: RunDirectory, built: Built, state: RunState, written: tuple[str, Path]) -> Outcome:
    """Train in a run directory that is locked."""
    last = last_values(run.metrics)

    def remember(event: Event) -> None:
        if event.kind in ("epoch", "eval"):
            part = "val" if event.kind == "eval" else "train"
            last.update({f"{part}.{k}": v for k, v in event.metrics.items()})

    with ExitStack() as stack:
        stack.enter_context(_logging(run))
        file = stack.enter_context(open_metrics(run.metrics))
        shown = stack.enter_context(progress(built.config.log.progress, state.epochs))
        requests = stack.enter_context(watch())
        callbacks = [remember, shown, log_lines(built.config.log.every), metrics_log(file, built.config.log.every)]
        session = make_session(run, built, state, written, file, callbacks)
        if session.steps_on is not None:
            # The loop has stopped the data workers by then; what is left are the copies, and the steps after them.
            stack.callback(session.steps_on.close)
        fit(session, requests)
    return Outcome(run.path, last)


@contextmanager
def _logging(run: RunDirectory) -> Iterator[None]:
    """What the library says, in the run's log.txt."""
    handler, logger = log_handler(run), logging.getLogger("mxtrain")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(before)
        logger.removeHandler(handler)
        handler.close()


def make_session(
    run: RunDirectory, built: Built, state: RunState, written: tuple[str, Path], file: MetricsFile,
    callbacks: Sequence[Callback],
) -> Session:  # fmt: skip
    """Everything the loop works with."""
    config = built.config
    best, mode = monitored(built)
    early = config.early_stop
    keep = config.checkpoint
    monitor = Monitor(
        (best, mode), None if early is None else (early.monitor, mode_of(early.monitor, config)),  # type: ignore[arg-type]
        early.patience if early else 0, early.min_delta if early else 0.0,
    )  # fmt: skip
    files = {
        symbol_name(config.name): symbol_text(from_entries(built.heads)).encode(),
        CONFIG: written[0].encode(),
        DATA: json.dumps(data.describe(_sets(built)), indent=1, sort_keys=True).encode(),
    }
    policy = Policy(keep.keep_last, keep.keep_best, best, mode, None, keep.on_full)  # type: ignore[arg-type]
    extra = {WHERE: os.fspath(written[1]), "ema": config.ema is not None}
    saver = Saver(run.checkpoints, run.run_id, parse_every(keep.every), policy, built.info, files, file, extra)
    if state.step:
        saver.resume(state)
    val = built.val
    feeder, counted = built.feeder(built.train), built.metric_set()
    steps = make_steps(built, feeder, counted)
    session = Session(
        program=built.program, updater=built.updater,
        train=built.train.it, feeder=feeder, metrics=counted,
        val=val.it if val else None, val_feeder=built.feeder(val) if val else None, val_metrics=built.metric_set(),
        saver=saver, monitor=monitor, callbacks=callbacks, state=state, seed=config.seed, parts=config.grad_accum,
        steps=config.max_steps, mixing=built.mixing, steps_on=steps,
    )  # fmt: skip
    if steps is not None:
        steps.loss = session.loss
    return session


def evaluate_run(
    path: Path, overrides: Sequence[str], *, batch_size: int | None = None, threads: int | None = None
) -> tuple[dict[str, float], int]:
    """The metrics of a run's model on its evaluation data, and the number of samples.

    Raises:
        ConfigError: if the config names no evaluation data.
    """
    checkpoint = open_checkpoint(path)
    _, _, extra = parse_state(checkpoint.read(STATE), os.fspath(checkpoint.path))
    tree = load(checkpoint.path / CONFIG, overrides)
    config = read(tree, Config)
    config = replace(config, eval_batch_size=batch_size or config.eval_batch_size)
    model = load_model(path, threads, config.device if _given("device", overrides) else None)
    tools = data.tools_of(model.info.preprocess)
    if _given("data.decoder", overrides):
        tools = data.tools_for(config, tools)
    val = data.open_set(config, tree, Path(extra[WHERE]), "val", tools=tools)
    if val is None:
        raise ConfigError(f"{checkpoint.path / CONFIG}: no data.val to evaluate on; give data.val.SOURCE.KEY=VALUE")
    heads = model.program.heads
    names = net.label_names(heads, val.it, tree)
    shown = tuple(net.find_heads(heads, batch_types(val.it, 1, labels=names)))
    feeder = Feeder(val.it.finish, net.label_classes(shown), names, model.program.device)
    return evaluate(model.program, val.it, feeder, make_metrics(config, shown)), val.it.samples
