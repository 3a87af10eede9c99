"""Updater: the optimizer's plans over the store's arenas, the schedule, clipping by the global norm, and averaging."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from mxtrain import ops, optim
from mxtrain.base.device import Device
from mxtrain.base.errors import BackendUnavailable, NumericError
from mxtrain.executor import ParameterStore, Plan, add_state, bind
from mxtrain.graph import Graph
from mxtrain.optim.schedules import Schedule, Span, learning_rate
from mxtrain.optim.update import EMA, RESCALE, SUMS
from mxtrain.passes import LOSS_SCALE, Options, compile_graph
from mxtrain.train.readback import BEHIND

NORM_BLOCK = 1 << 15


@dataclass(frozen=True)
class Rule:
    """How parameters change.

    Args:
        optimizer: the update rule and its params.
        schedule: of the learning rate, and its params; None: constant.
        span: how long the run is.
        clip: largest norm of all gradients together, or None.
        ema: part of the average that is kept, or None.
        parts: parts in which a batch is computed.
        scaled: the gradients carry a loss scale, and a step whose gradients are not finite changes nothing.
    """

    optimizer: optim.Optimizer
    params: Any
    schedule: tuple[Schedule, Any] | None
    span: Span
    clip: float | None = None
    ema: float | None = None
    parts: int = 1
    scaled: bool = False


class Updater:
    """Applies a rule to a store.

    Args:
        rule: how.
        groups: which parameters, with which multipliers.
        store: whose arenas; states are added to it.
    """

    def __init__(self, rule: Rule, groups: optim.Groups, store: ParameterStore) -> None:
        self.rule, self.groups, self.store = rule, groups, store
        self.lr: float = rule.params.lr
        source = SUMS if rule.parts > 1 else "gradients"
        add_state(store, rule.optimizer.state_names(rule.params))
        if rule.parts > 1:
            add_state(store, [SUMS])
        if rule.ema is not None:
            add_state(store, [EMA])
        self.guard = guard(rule.scaled, rule.clip, store.device)
        if self.guard is not None:
            optim.add_loss_scale(store, scaled=rule.scaled)
        self._gradients = store.states[SUMS] if rule.parts > 1 else store.gradients
        self._squares = np.empty(NORM_BLOCK)
        self._plan: Plan | None = None
        self._sums: Plan | None = None
        self._choose: Plan | None = None
        self._names, self._values = optim.scalar_values(rule.optimizer, rule.params, groups)
        self._candidates = self._make_candidates()
        if groups.groups:
            g = optim.update_graph(
                rule.optimizer, rule.params, groups, ema=rule.ema, gradients=source, guard=self.guard
            )
            self._plan = _bind(g, store, optim.slots_of(rule.optimizer, groups))
            if rule.parts > 1:
                self._sums = _bind(optim.accumulate_graph(groups), store, groups.groups)
        self._write = None if self._candidates else optim.scalar_writer(rule.optimizer, rule.params, groups, store)
        store.scalar(RESCALE)
        self._rescale = store.numbers.host(RESCALE)

    @property
    def plan(self) -> Plan | None:
        """The plan of one update; None if nothing is trained."""
        return self._plan

    @property
    def plans(self) -> list[Plan]:
        """What it runs."""
        return [p for p in (self._sums, self._choose, self._plan) if p is not None]

    def begin(self) -> None:
        """Start the average at the parameters as they are now."""
        if EMA in self.store.states:
            for name in self.store.gradients.types:
                self.store.states[EMA][name][...] = self.store.parameters[name]

    def resume(self, done: int) -> None:
        """Stand where `done` updates have been done."""
        if done > self.skipped:
            self.lr = self.learning_rate(done - self.skipped)

    @property
    def skipped(self) -> int:
        """Steps that changed nothing because their gradients were not finite."""
        if self.guard is None:
            return 0
        return int(self.store.device.fetch(self.store.states[LOSS_SCALE]["skipped"])[0])

    def learning_rate(self, number: int) -> float:
        """The learning rate of update `number`, counted from 1."""
        if self.rule.schedule is None:
            return float(self.rule.params.lr)
        schedule, params = self.rule.schedule
        return learning_rate(schedule, params, self.rule.params.lr, number, self.rule.span)

    def numbers(self, number: int) -> list[float]:
        """What update `number`, counted from 1, reads besides arrays.

        Raises:
            ConfigError: if the rule or its schedule has no meaning there.
        """
        return self._values(number, self.learning_rate(number), self.learning_rate(max(number - 1, 1)))

    def accumulate(self, *, first: bool) -> None:
        """Add the gradients of a part of the batch to their sums."""
        device, sums = self.store.device, self.store.states[SUMS]
        if first and device.runtime is not None:
            # A prepared copy, which a captured step repeats; what a library does by itself to clear memory need not be.
            function, args = device.runtime.copy(sums.buffer, self.store.gradients.buffer)
            if status := function(*args):
                raise BackendUnavailable(f"adding up gradients failed: {device.runtime.explain(status)}")
            return
        if first:
            sums.buffer[:] = 0
        if self._sums is not None:
            self._sums.run()

    def update(self, done: int, rows: int) -> float:
        """One update from gradients summed over `rows` samples.

        Args:
            done: steps done before. Those that were skipped advance no schedule.

        Returns:
            The learning rate.

        Raises:
            NumericError: if the global norm is asked for and not finite.
        """
        self.prepare(done, rows)
        self.store.numbers.send()
        self.run()
        return float(self.lr)

    def prepare(self, done: int, rows: int, skipped: int | None = None) -> None:
        """Write the numbers of the next update, as `update` does; they are still to be sent.

        Args:
            skipped: steps that changed nothing, as far as the host knows; the last BEHIND steps may be missing on a
                device. None: ask, and wait for the answer.

        Raises:
            NumericError: if the global norm is asked for and not finite.
        """
        known = (self.skipped if skipped is None else skipped) if self.rule.scaled else 0
        done -= known
        self.lr = self.learning_rate(done + 1)
        if self._plan is None:
            return
        scale = 1.0 / rows
        if self.rule.clip is not None and self.guard is None:
            norm = self.norm() * scale
            if not math.isfinite(norm):
                raise NumericError(f"step {done}: the norm of the gradients is {norm}; nothing was updated")
            scale *= min(1.0, self.rule.clip / norm) if norm > 0 else 1.0
        self._rescale[...] = scale
        if self._candidates is not None:
            self._candidates.write(done + 1, known)
        elif self._write is not None:
            self._write(done + 1, self.lr, self.learning_rate(max(done, 1)))

    def run(self) -> None:
        """Update, with the numbers as they are."""
        # Also without an update: a training step has changed the auxiliaries.
        self.store.version += 1
        if self._choose is not None:
            self._choose.run()
        if self._plan is not None:
            with np.errstate(all="ignore" if self.rule.scaled else None):
                self._plan.run()

    def norm(self) -> float:
        """Euclidean norm of all gradients together, as they are summed.

        In float64, block by block: a library's dot product splits the sum by its own number of threads.
        """
        flat = self._gradients.buffer.view(np.float32)
        total = 0.0
        for start in range(0, len(flat), len(self._squares)):
            block = flat[start : start + len(self._squares)]
            squares = self._squares[: len(block)]
            np.copyto(squares, block)
            np.multiply(squares, squares, out=squares)
            total += float(squares.sum())
        return math.sqrt(total)

    def _make_candidates(self) -> optim.Candidates | None:
        """Where steps may be skipped and the host does not wait for them."""
        store, rule = self.store, self.rule
        if not rule.scaled or store.device.runtime is None or not self.groups.groups:
            return None
        made = optim.Candidates(store, self._names, self.numbers, BEHIND + 1)
        compiled = compile_graph(made.graph(), store.device, vocabulary=ops.vocabulary(), options=Options(hoist=False))
        self._choose = bind(compiled, store.device, made.storage(store))
        return made

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The averaged parameters in place of the last ones, where there is an average."""
        if EMA not in self.store.states:
            yield
            return
        average, parameters = self.store.states[EMA], self.store.parameters
        size = len(average.buffer)
        kept = parameters.buffer[:size].copy()
        parameters.buffer[:size] = average.buffer
        self.store.version += 1
        try:
            yield
        finally:
            parameters.buffer[:size] = kept
            self.store.version += 1


def guard(scaled: bool, clip: float | None, device: Device) -> optim.Guard | None:
    """What stands before an update as part of it. Without a loss scale the host clips, where it has the gradients."""
    if scaled or (clip is not None and device.runtime is not None):
        return optim.Guard(scaled, clip)
    return None


def _bind(g: Graph, store: ParameterStore, slots: Any) -> Plan:
    """A plan over slices of arenas."""
    compiled = compile_graph(g, store.device, vocabulary=ops.vocabulary(), options=Options(hoist=False))
    return bind(compiled, store.device, optim.storage_of_slots(store, slots))
