"""The training loop: epochs, batches, evaluation, saving, and stopping."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mxtrain.base.errors import Interrupted
from mxtrain.data.advice import advice
from mxtrain.data.batch import Batch
from mxtrain.data.iterator import DataIter
from mxtrain.data.stages import Stages
from mxtrain.metrics import MetricSet
from mxtrain.train.device_step import Moment, Part
from mxtrain.train.evaluate import batch_types, count, evaluate, named_outputs
from mxtrain.train.events import Callback, Event, notify
from mxtrain.train.feeder import Feeder
from mxtrain.train.finite import check_loss
from mxtrain.train.mixing import Mixing
from mxtrain.train.monitor import Monitor
from mxtrain.train.program import Program
from mxtrain.train.replicas import Steps
from mxtrain.train.saver import Saver
from mxtrain.train.signals import Requests
from mxtrain.train.state import RunState
from mxtrain.train.updater import Updater


@dataclass
class Session:
    """Everything a run works with.

    Args:
        val: data set and feeder of the evaluation after every epoch, or None.
        parts: parts in which a batch is computed.
        steps: updates after which the run ends, or None.
        mixing: what is done to training batches, or None.
        steps_on: how a device with memory of its own is fed and asked; None: the loop does all itself.
        seed: of the run.
    """

    program: Program
    updater: Updater
    train: DataIter
    feeder: Feeder
    metrics: MetricSet
    val: DataIter | None
    val_feeder: Feeder | None
    val_metrics: MetricSet
    saver: Saver
    monitor: Monitor
    callbacks: Sequence[Callback]
    state: RunState
    seed: int
    parts: int = 1
    steps: int | None = None
    mixing: Mixing | None = None
    steps_on: Steps | None = None
    loss: dict[str, float] = field(default_factory=dict)
    clock: Clock = field(default_factory=lambda: Clock())

    def settle(self) -> None:
        """Wait until losses and metrics of every step so far are counted."""
        if self.steps_on is not None:
            self.steps_on.settle()

    @property
    def counted(self) -> int:
        """Samples whose losses and metrics are counted."""
        return self.state.samples - (self.steps_on.pending if self.steps_on is not None else 0)


@dataclass
class Clock:
    """Where the time of an epoch goes.

    Args:
        waited: for data.
        fed: writing batches into the net's inputs.
        stages: of the data, when the epoch began.
    """

    begun: float = 0.0
    waited: float = 0.0
    fed: float = 0.0
    samples: int = 0
    seconds: float = 0.0
    stages: Stages = field(default_factory=Stages)

    def restart(self, stages: Stages) -> None:
        """A new epoch begins."""
        self.begun, self.stages, self.samples = time.monotonic(), stages, 0
        self.waited = self.fed = self.seconds = 0.0


def fit(s: Session, requests: Requests) -> None:
    """Train until the epochs or steps are done, early stopping says so, or a signal asks for it.

    Raises:
        NumericError: if a loss is not finite, naming what made it so.
        Interrupted: after a signal, when the state is saved.
    """
    notify(s.callbacks, Event("start", epoch=s.state.epoch, batches=s.train.batches, step=s.state.step))
    s.metrics.restore(s.state.metrics) if s.state.metrics else s.metrics.reset()
    s.loss |= {name: float.fromhex(v) for name, v in s.state.loss.items()}
    s.updater.resume(s.state.step)
    if 0 < s.state.epochs <= s.state.epoch:
        text = f"{s.state.epoch} of {s.state.epochs} epochs are done; epochs=+1 would add one"
        notify(s.callbacks, Event("notice", epoch=s.state.epoch, text=text))
    while s.state.epoch < s.state.epochs and not _through(s):
        _train_epoch(s, requests)
        _end_epoch(s, requests)
    if s.monitor.stop(s.state):
        notify(s.callbacks, Event("notice", epoch=s.state.epoch, text=s.monitor.reason(s.state)))
    elif s.state.epoch < s.state.epochs:
        text = f"max_steps: {s.steps} steps are done, and epoch {s.state.epoch + 1} of {s.state.epochs} is not"
        notify(s.callbacks, Event("notice", epoch=s.state.epoch, text=text))
    s.saver.save(s, "end")
    notify(s.callbacks, Event("end", epoch=s.state.epoch, step=s.state.step))


def _enough(s: Session) -> bool:
    return s.steps is not None and s.state.step >= s.steps


def _through(s: Session) -> bool:
    """True if no batch is to follow, however many epochs are left: also right after a resume."""
    return s.monitor.stop(s.state) or (_enough(s) and s.state.seen == s.state.step)


def _train_epoch(s: Session, requests: Requests) -> None:
    """The batches of one epoch that are still to be done."""
    st = s.state
    s.clock.restart(s.train.timings())
    with s.train.epoch(st.epoch, start=st.batch) as batches:
        while not _enough(s):
            asked = time.monotonic()
            batch = next(batches, None)
            s.clock.waited += time.monotonic() - asked
            if batch is None:
                break
            lr = _train_batch(s, s.mixing.apply(batch, st.epoch) if s.mixing else batch)
            st.batch += 1
            st.step += 1
            s.clock.samples += batch.valid
            s.clock.seconds = time.monotonic() - s.clock.begun
            _told(s, "batch", lr)
            s.saver.after_step(s)
            _obey(s, requests)


def _train_batch(s: Session, batch: Batch) -> float:
    """One update; the learning rate it used."""
    rows = len(batch.ids)
    size = -(-rows // s.parts)
    for part, start in enumerate(range(0, rows, size)):
        piece = batch if s.parts == 1 else batch.rows(start, min(start + size, rows))
        types = batch_types(s.train, len(piece.ids), labels=s.feeder.names)
        types = {**types, **s.mixing.types(len(piece.ids))} if s.mixing else types
        if s.steps_on is not None:
            now = Moment(s.seed, s.state.step, rows, s.state.epoch)
            s.steps_on.run(piece, types, Part(part == 0, start + size >= rows), now)
            continue
        plan = s.program.training(types)
        s.program.seed(s.seed, s.state.step, batch.first + start)
        begun = time.monotonic()
        s.feeder.feed(plan, piece)
        s.clock.fed += time.monotonic() - begun
        s.train.computing()
        # What float16 cannot hold is infinite, and what comes of it undefined: the update looks for it.
        with np.errstate(all="ignore" if s.updater.rule.scaled else None):
            plan.run()
        for name, value in plan.losses.items():
            loss = float(value)
            if not math.isfinite(loss):
                check_loss(plan, s.program.store, name, loss, s.state)
            s.loss[name] = s.loss.get(name, 0.0) + loss
        labels: dict[str, Any] = {s.feeder.names.get(n, n): a for n, a in piece.labels.items()}
        count(s.metrics, labels, named_outputs(s.program, plan), piece)
        if s.parts > 1:
            s.updater.accumulate(first=part == 0)
    s.state.samples += batch.valid
    if s.steps_on is not None:
        return s.updater.lr
    return s.updater.update(s.state.step, rows)


def _limit(s: Session) -> str:
    """One sentence on what limited the epoch."""
    c = s.clock
    stages = s.train.timings().since(c.stages)._replace(copy=c.fed)
    return advice(stages, max(c.seconds - c.waited - c.fed, 0.0))


def _told(s: Session, kind: Any, lr: float, text: str = "") -> None:
    st, c = s.state, s.clock
    notify(
        s.callbacks,
        Event(
            kind,
            epoch=st.epoch,
            batch=st.batch,
            batches=s.train.batches,
            step=st.step,
            metrics=_Values(s),
            lr=lr,
            seconds=c.seconds,
            waited=c.waited,
            samples=c.samples,
            text=text,
        ),
    )


class _Values(Mapping[str, float]):
    """Metric values, computed when somebody looks: most batches nobody does. Look before the next batch."""

    def __init__(self, s: Session) -> None:
        self._session = s
        self._found: dict[str, float] | None = None

    def _filled(self) -> dict[str, float]:
        if self._found is None:
            self._found = values(self._session)
        return self._found

    def __getitem__(self, key: str) -> float:
        return self._filled()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._filled())

    def __len__(self) -> int:
        return len(self._filled())


def values(s: Session) -> dict[str, float]:
    """Loss (mean per sample) and metrics of the epoch so far."""
    n = max(s.counted, 1)
    # In an order of their own: a checkpoint keeps no other.
    parts = {f"loss.{k}": s.loss[k] / n for k in sorted(s.loss)} if len(s.loss) > 1 else {}
    return {**parts, "loss": math.fsum(s.loss.values()) / n, **s.metrics.values()}


def _end_epoch(s: Session, requests: Requests) -> None:
    """Evaluate, say what the epoch gave, save, and begin anew.

    Until the evaluation is through, the state stands at the end of the epoch's batches: a run stopped meanwhile will
    evaluate again.
    """
    st = s.state
    found: dict[str, float] = {}
    begun = time.monotonic()
    if s.val is not None and s.val_feeder is not None:
        stop: Callable[[], bool] = lambda: requests.stop is not None  # noqa: E731 - one expression, used once
        with s.updater.averaged():
            found = evaluate(s.program, s.val, s.val_feeder, s.val_metrics, stop=stop)
        _obey(s, requests)
    took = time.monotonic() - begun
    s.settle()
    seen = {f"train.{k}": v for k, v in values(s).items()} | {f"val.{k}": v for k, v in found.items()}
    _told(s, "epoch", s.updater.lr, _limit(s))
    if found:
        notify(s.callbacks, Event("eval", epoch=st.epoch, step=st.step, metrics=found, name="val", seconds=took))
    whole = st.batch >= s.train.batches
    s.monitor.see(seen, st, whole=whole)
    st.seen = st.step
    if whole:
        st.epoch, st.batch = st.epoch + 1, 0
        s.metrics.reset()
        s.loss.clear()
        st.samples = 0
    s.saver.after_epoch(s)


def _obey(s: Session, requests: Requests) -> None:
    """What signals asked for, now that the step is done."""
    if requests.stop is not None:
        s.saver.save(s, "signal")
        raise Interrupted(
            requests.stop,
            f"stopped by {requests.stop.name} after step {s.state.step}; go on with: mxtrain fit --resume "
            f"{s.saver.root.parent}",
        )
    if requests.take_save():
        s.saver.save(s, "asked")


__all__ = ["Clock", "Session", "fit", "values"]
