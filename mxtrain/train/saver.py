"""When a checkpoint is due, and what goes into it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from mxtrain.base.errors import ConfigError
from mxtrain.data.iterator import DataIter
from mxtrain.metrics import MetricSet
from mxtrain.train.checkpoint_io import Policy, write
from mxtrain.train.device import facts
from mxtrain.train.events import Callback, Event, notify
from mxtrain.train.finite import check_parameters
from mxtrain.train.metrics_file import MetricsFile
from mxtrain.train.monitor import Monitor
from mxtrain.train.program import Program
from mxtrain.train.state import STATE, ModelInfo, RunState, array_files, dump_state

_PERIOD = re.compile(r"([0-9]{1,12}) (step|epoch)s?")


@dataclass(frozen=True)
class Every:
    """A period: so many steps, or so many epochs; 0 of both: never."""

    steps: int = 0
    epochs: int = 0


def parse_every(value: int | str) -> Every:
    """``500``, ``"500 steps"`` or ``"2 epochs"``.

    Raises:
        ConfigError: for any other text.
    """
    if isinstance(value, int):
        return Every(steps=value)
    if m := _PERIOD.fullmatch(value):
        return Every(steps=int(m[1])) if m[2] == "step" else Every(epochs=int(m[1]))
    raise ConfigError(f"checkpoint.every: expected a number of steps, '500 steps' or '1 epoch', got {value!r}")


class Running(Protocol):
    """What a checkpoint needs of a run that is under way."""

    state: RunState
    program: Program
    train: DataIter
    metrics: MetricSet
    loss: dict[str, float]
    monitor: Monitor
    callbacks: Sequence[Callback]

    def settle(self) -> None:
        """Wait until everything is counted."""


@dataclass
class Saver:
    """Writes checkpoints of one run.

    Args:
        root: the run's folder of checkpoints.
        run_id: whose they are.
        every: when they are due.
        policy: which are kept.
        info: what prediction needs to know.
        files: files that do not change during the run (symbol, config, data).
        metrics: the machine-readable log, which a resumed run cuts back to where it was.
        extra: further keys of state.json.
    """

    root: Path
    run_id: str
    every: Every
    policy: Policy
    info: ModelInfo
    files: Mapping[str, bytes]
    metrics: MetricsFile
    extra: Mapping[str, Any]
    _saved: tuple[int, int, int, int] | None = None

    def resume(self, state: RunState) -> None:
        """The state as it is now is saved already."""
        self._saved = _place(state)

    def after_step(self, s: Running) -> None:
        """Save if so many steps are done."""
        if self.every.steps and s.state.step % self.every.steps == 0:
            self.save(s, "step")

    def after_epoch(self, s: Running) -> None:
        """Save if so many epochs are done, or (where steps are counted) if this epoch gave the best value so far."""
        if self.every.epochs and s.state.batch == 0 and s.state.epoch % self.every.epochs == 0:
            self.save(s, "epoch")
        elif self.every.steps and self.policy.keep_best and s.monitor.value == s.state.best:
            self.save(s, "best")

    def save(self, s: Running, why: str) -> None:
        """Write a checkpoint, unless this very state is saved already.

        Raises:
            NumericError: if a parameter is not finite.
            CheckpointError, OutOfSpace, EnvironmentFault: if it cannot be written; nothing that was there is lost.
        """
        st = s.state
        now = _place(st)
        if self._saved == now:
            return
        s.settle()
        check_parameters(s.program.store)
        st.metrics = s.metrics.state()
        st.loss = {k: v.hex() for k, v in s.loss.items()}
        st.bad = {str(k): v for k, v in s.train.bad.items()}
        size = self.metrics.sync()
        extra = {**self.extra, **facts(s.program.device), "metrics_size": size, "why": why}
        files = {**self.files, **array_files(s.program.store, self.info.name, st.epoch)}
        files[STATE] = dump_state(st, self.info, extra)
        policy = replace(self.policy, value=s.monitor.value if st.seen == st.step else None)
        path = write(self.root, st.step, files, run_id=self.run_id, prune=policy)
        self._saved = now
        notify(s.callbacks, Event("saved", epoch=st.epoch, batch=st.batch, step=st.step, name=path.name))


def _place(state: RunState) -> tuple[int, int, int, int]:
    return (state.epoch, state.batch, state.step, state.seen)
