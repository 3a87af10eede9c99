"""DeviceSteps: training on a device with memory of its own. A step is asked for, not waited for.

A batch and the numbers of its step travel in one slot (ring.py); forward, backward, losses, metrics and update are one
unit, which becomes one CUDA graph where every kernel allows it; what it says comes back later (readback.py).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from mxtrain import ops, optim
from mxtrain.backends import cuda
from mxtrain.backends.cuda.pixels import WHOLE, Window, pixels
from mxtrain.base.errors import NumericError
from mxtrain.base.types import TensorType
from mxtrain.data.batch import Batch
from mxtrain.executor import Plan, bind
from mxtrain.graph import Entry, Graph, variable
from mxtrain.kvstore import Communicator, overlapped
from mxtrain.metrics import MetricSet
from mxtrain.passes import Options, compile_graph
from mxtrain.train.evaluate import named_outputs
from mxtrain.train.feeder import Feeder
from mxtrain.train.on_device import OnDevice
from mxtrain.train.program import Program, Types
from mxtrain.train.readback import Readback, Row
from mxtrain.train.ring import DEVICES, Layout, Ring
from mxtrain.train.updater import Updater

log = logging.getLogger(__name__)

MOST_GRAPHS = 16
"""Kinds of steps (shapes of batches, parts) that are kept as graphs."""
NUMBERS = "numbers"
PLACES = "places:"
METRIC = "metric:"
SKIPS = "skips:"
"""What the columns of metrics, and of the count of skipped steps, begin with; the others are losses."""


class Part(NamedTuple):
    """Which part of a batch a step computes."""

    first: bool
    last: bool


class Moment(NamedTuple):
    """When a step is.

    Args:
        seed: of the run.
        done: steps done before.
        rows: samples of the whole batch.
        epoch: that it belongs to.
    """

    seed: int
    done: int
    rows: int
    epoch: int


class Unit(NamedTuple):
    """One kind of step, ready to run.

    Args:
        plan: forward and backward.
        layout: of its batch in a slot.
        unpack: for each device slot, the prepared calls that bring the batch to where plans read it.
        step: the rest.
    """

    plan: Plan
    layout: Layout
    unpack: tuple[tuple[tuple[Any, tuple[Any, ...]], ...], ...]
    step: Any


class DeviceSteps:
    """The steps of a run.

    Args:
        program: the net.
        updater: of its parameters.
        feeder: finishes what the device cannot.
        metrics: that are counted.
        graph: capture steps; False runs them call by call.
        deterministic: a captured step must give the bits of one that was not.
    """

    def __init__(
        self, program: Program, updater: Updater, feeder: Feeder, metrics: MetricSet, *, graph: bool = True,
        deterministic: bool = False,
    ) -> None:  # fmt: skip
        self.program, self.updater, self.feeder, self.metrics = program, updater, feeder, metrics
        self.graph, self.deterministic = graph, deterministic
        self.cuda = cuda.cuda_of(program.device)
        self.loss: dict[str, float] = {}
        self.counted = 0
        self.on_device: OnDevice | None = None
        self._at = Moment(0, 0, 0, 0)
        self.communicator: Communicator | None = None
        self._units: dict[Any, Unit] = {}
        self._ring: Ring | None = None
        self._readback: Readback | None = None
        self._on_device: tuple[int, ...] = ()
        self._skipped: int | None = None
        self._said: set[str] = set()

    def run(self, batch: Batch, types: Types, part: Part, step: Moment) -> None:
        """Ask for one step, or one part of it.

        Args:
            types: of the net's inputs.
            step: when it is.

        Raises:
            DataError: if a label is no class of the net.
            NumericError: if an earlier step's loss was not finite.
        """
        seed, done, rows, _ = self._at = step
        self.feeder.check(batch)
        plan = self.program.training(types)
        readback = self._prepare(plan)
        if part.last:
            if self._skipped is None:
                self._skipped = self.updater.skipped
            self.updater.prepare(done, rows, self._skipped)
        self.program.seed(seed, done, batch.first)
        readback.begin()
        unit = self._unit(types, plan, part, batch)
        version = self.program.store.version
        self._feed(unit, batch)
        unit.step()
        if part.last and self.program.store.version == version:
            # A graph was launched: nobody has counted yet.
            self.program.store.version += 1
        self._count_on_host(unit.plan, batch)
        readback.written(Row(done, len(batch.ids)))

    def settle(self) -> None:
        """Wait until everything is counted.

        Raises:
            NumericError: if a loss, or a norm that clips, was not finite.
        """
        if self._readback is not None:
            self._readback.settle()
        if not self.updater.rule.scaled and self.updater.skipped:
            raise NumericError("the norm of the gradients was not finite, and such a step changed nothing")

    def close(self) -> None:
        """Wait for all that is under way. The data workers must have been stopped before."""
        if self._ring is not None:
            self._ring.close()

    @property
    def pending(self) -> int:
        """Samples that are not counted yet."""
        return 0 if self._readback is None else self._readback.pending

    def _prepare(self, plan: Plan) -> Readback:
        """The table, made at the first step, when the names of the losses are known."""
        if self._readback is None:
            labels, outputs = self._entries(plan)
            label_shapes, shapes = ({n: e.type.shape for n, e in found.items()} for found in (labels, outputs))
            self._on_device = self.metrics.on_device(label_shapes, shapes)
            sums = [METRIC + n for n in self.metrics.device_entries(self._on_device, labels, outputs)]
            columns = [*plan.losses, *sums, *self._counts()]
            self._readback = Readback(self.program.store, columns, self._take)
            host = [s.name for k, s in enumerate(self.metrics.shown) if k not in self._on_device]
            if host:
                self._say(f"metrics that only the host computes make every step wait: {', '.join(host)}")
        return self._readback

    def _counts(self) -> dict[str, Any]:
        """Columns that are neither losses nor metrics."""
        return {SKIPS: self.program.store.scalars[optim.SKIPPED]} if self.updater.rule.scaled else {}

    def _entries(self, plan: Plan) -> tuple[dict[str, Entry], dict[str, Entry]]:
        """Variables for the labels and for the outputs of a plan."""
        wanted = set(self.feeder.names.values())
        labels = {n: variable(n, TensorType(tuple(a.shape)), "state") for n, a in plan.inputs.items() if n in wanted}
        outputs = {
            e.node.name: variable(e.node.name, TensorType(tuple(a.shape)), "state")
            for e, a in zip(self.program.heads, plan.outputs, strict=False)
        }
        return labels, outputs

    def _take(self, row: Row, values: Mapping[str, float]) -> None:
        sums = {n.removeprefix(METRIC): v for n, v in values.items() if n.startswith(METRIC)}
        if SKIPS in values:
            self._skipped = int(values[SKIPS])
            self.updater.lr = self.updater.learning_rate(row.step - self._skipped + 1)
        for name, value in values.items():
            if name.startswith((METRIC, SKIPS)):
                continue
            if not math.isfinite(value):
                raise NumericError(
                    f"step {row.step}: loss {name!r} is {value} (the host read it some steps later); lower the "
                    "learning rate, clip gradients (clip_global_norm), or look at the data; with device=cpu the "
                    "operator that makes it so is named"
                )
            self.loss[name] = self.loss.get(name, 0.0) + value
        self.metrics.count_sums(sums, row.samples)
        self.counted += row.samples

    def _count_on_host(self, plan: Plan, batch: Batch) -> None:
        rest = [k for k in range(len(self.metrics.shown)) if k not in self._on_device]
        if rest:
            labels = {self.feeder.names.get(n, n): a for n, a in batch.labels.items()}
            self.metrics.update(labels, named_outputs(self.program, plan), batch.valid, only=rest)

    def _unit(self, types: Types, plan: Plan, part: Part, batch: Batch) -> Unit:
        images = tuple(n for n, a in batch.inputs.items() if a.dtype == np.uint8 and a.ndim == 4)
        key = (tuple(sorted(types.items())), part, images)
        if key not in self._units:
            if len(self._units) >= MOST_GRAPHS:
                del self._units[next(iter(self._units))]
            self._units[key] = self._make(plan, part, batch)
        self._units[key] = unit = self._units.pop(key)  # the one used last is forgotten last
        return unit

    def _make(self, plan: Plan, part: Part, batch: Batch) -> Unit:
        if self.communicator is not None:
            plan = overlapped(plan, self.program.store.gradients, self.communicator)
        arrays = self._arrays(plan, batch)
        layout = Layout([(n, tuple(a.shape), a.dtype) for n, a in arrays.items()])
        if self._ring is None or self._ring.nbytes < layout.nbytes:
            if self._ring is not None:
                self._ring.close()
                self._units.clear()
            self._ring = Ring(self.cuda, layout.nbytes)
        ring = self._ring
        unpack = tuple(self._unpack(plan, layout, ring.devices[d]) for d in range(DEVICES))
        return Unit(plan, layout, unpack, self._step(plan, part))

    def _arrays(self, plan: Plan, batch: Batch) -> dict[str, Any]:
        """What travels: floats as the net reads them, but images as they are."""
        found: dict[str, Any] = {NUMBERS: self.program.store.numbers.bytes}
        for name, values in batch.inputs.items():
            if name in plan.inputs:
                found[name] = values if values.dtype == np.uint8 else np.empty(values.shape, np.float32)
                if self.on_device is not None and values.dtype == np.uint8 and values.ndim == 4:
                    at = self._at
                    found[PLACES + name] = self.on_device.places(at.seed, at.epoch, batch.first, len(values))
                if values.dtype != np.uint8:
                    self.feeder.finish.apply(values, found[name])
        for name, values in batch.labels.items():
            known = self.feeder.names.get(name, name)
            if known in plan.inputs:
                found[known] = values.astype(np.float32, copy=False)
        return found

    def _unpack(self, plan: Plan, layout: Layout, slot: Any) -> tuple[tuple[Any, tuple[Any, ...]], ...]:
        calls = [self.cuda.copy(self.program.store.numbers.buffer, layout.view(slot, NUMBERS))]
        for name, (_, _, dtype) in layout.parts.items():
            if name == NUMBERS or name.startswith(PLACES):
                continue
            source, target, window = layout.view(slot, name), plan.inputs[name], WHOLE
            if self.on_device is not None and PLACES + name in layout.parts:
                window = Window(self.on_device.border, self.on_device.fill, layout.view(slot, PLACES + name))
            if dtype == np.uint8:
                calls.append(pixels(self.program.device, source, target, self.feeder.finish.affine(), window))
            else:
                calls.append(self.cuda.copy(target, source.reshape(target.shape)))
        return tuple(calls)

    def _feed(self, unit: Unit, batch: Batch) -> None:
        arrays = self._arrays(unit.plan, batch)
        if self._ring is None:
            return
        slot = self._ring.put(lambda host: unit.layout.fill(host, arrays))
        for function, args in unit.unpack[slot]:
            if status := function(*args):
                raise NumericError(f"feeding a batch failed: {self.cuda.explain(status)}")
        self._ring.done(slot)

    def _step(self, plan: Plan, part: Part) -> Callable[[], None]:
        extra = self._record(plan, self._prepare(plan))
        parts = self.updater.rule.parts
        updater = self.updater

        def body() -> None:
            plan.run()
            for more in extra:
                more.run()
            if parts > 1:
                updater.accumulate(first=part.first)
            if part.last:
                updater.run()

        plans = [plan, *extra, *updater.plans]
        why = cuda.call_by_call(s.op for p in plans for s in p.uncapturable)
        if not self.graph or why:
            if why and self.graph:
                self._say(why)
            return body
        return cuda.Captured(self.cuda, body, self._state(), self._say, exact=self.deterministic).run

    def _state(self) -> dict[str, Any]:
        store = self.program.store
        arenas = {"parameters": store.parameters, "auxiliaries": store.auxiliaries, **store.states}
        found = {name: a.buffer.view(np.float32) for name, a in arenas.items() if a.types}
        return found | ({"readback": self._readback.table.view(np.float32)} if self._readback else {})

    def _record(self, plan: Plan, readback: Readback) -> list[Plan]:
        """The plans that sum the metrics of a step and write its row."""
        device = self.program.device
        labels, outputs = self._entries(plan)
        sums = self.metrics.device_entries(self._on_device, labels, outputs)
        values = dict(plan.losses)
        plans = []
        if sums:
            arrays = {e.node.name: a for e, a in zip(self.program.heads, plan.outputs, strict=False)} | plan.inputs
            g = Graph(tuple(sums.values())).check()
            compiled = compile_graph(g, device, vocabulary=ops.vocabulary(), options=Options(hoist=False))
            plans.append(bind(compiled, device, arrays.__getitem__))
            values |= {METRIC + n: a for n, a in zip(sums, plans[0].outputs, strict=True)}
        return [*plans, readback.plan(values | self._counts())]

    def _say(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            log.warning("%s", text)
