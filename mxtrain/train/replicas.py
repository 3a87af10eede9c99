"""Replicas: data parallel training on several GPUs of one machine. Each has the whole net and a part of every batch.

Gradients are summed over the replicas while the backward still runs (kvstore/reduce.py), so each of them makes the same
update and their parameters stay equal bit by bit. Statistics of batch norm are those of a replica's own part, as in
MXNet; checkpoints and evaluation take the first one's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from mxtrain.backends.cuda import nccl
from mxtrain.base.device import Device
from mxtrain.base.errors import ConfigError
from mxtrain.data.batch import Batch
from mxtrain.executor import Arena, ParameterStore
from mxtrain.kvstore import Communicator
from mxtrain.train.device_step import DeviceSteps, Moment, Part
from mxtrain.train.program import Types


class Steps(Protocol):
    """What the loop asks of devices with memory of their own: one (DeviceSteps), or several (Replicas)."""

    loss: dict[str, float]

    def run(self, batch: Batch, types: Types, part: Part, step: Moment) -> None:
        """Ask for one step, or one part of it."""

    def settle(self) -> None:
        """Wait until everything is counted."""

    def close(self) -> None:
        """Wait for all that is under way."""

    @property
    def pending(self) -> int:
        """Samples that are not counted yet."""


@dataclass
class Rank:
    """One replica.

    Args:
        thread: that asks its device; a CUDA device is current in one thread.
    """

    steps: DeviceSteps
    thread: ThreadPoolExecutor


class Replicas:
    """The steps of several devices as one.

    Args:
        first: the steps of the first device, whose parameters all begin with and whose metrics all count in.
        connect: ``(rank, device)`` gives a rank's end; it may wait for all others.
        devices: make the other devices, each in its own thread.
        make: makes the steps of one of them.
    """

    def __init__(
        self, first: DeviceSteps, connect: Callable[[int, Device], Communicator],
        devices: Sequence[Callable[[], Device]], make: Callable[[Device], DeviceSteps],
    ) -> None:  # fmt: skip
        self.first = first

        def begin(rank: int, device: Callable[[], Device]) -> DeviceSteps:
            steps = make(device())
            steps.communicator = connect(rank, steps.program.device)
            return steps

        threads = [ThreadPoolExecutor(1, thread_name_prefix=f"mxtrain-gpu-{k + 1}") for k in range(len(devices))]
        made = [t.submit(begin, k + 1, d) for k, (t, d) in enumerate(zip(threads, devices, strict=True))]
        first.communicator = connect(0, first.program.device)
        self.ranks = [Rank(f.result(), t) for f, t in zip(made, threads, strict=True)]
        kept = host_copy(first.program.store)
        for rank in self.ranks:
            rank.thread.submit(fill, rank.steps.program.store, kept).result()

    def run(self, batch: Batch, types: Types, part: Part, step: Moment) -> None:
        """Ask every device for its part of a step.

        Raises:
            ConfigError: if there are fewer samples than devices.
        """
        pieces = split(batch, len(self.ranks) + 1)
        jobs = []
        for rank, piece in zip(self.ranks, pieces[1:], strict=True):
            sized = {n: t._replace(shape=(len(piece.ids), *t.shape[1:])) for n, t in types.items()}
            jobs.append(rank.thread.submit(rank.steps.run, piece, sized, part, step))
        sized = {n: t._replace(shape=(len(pieces[0].ids), *t.shape[1:])) for n, t in types.items()}
        self._together(lambda: self.first.run(pieces[0], sized, part, step), jobs)

    def settle(self) -> None:
        """Wait until everything is counted, and count it in the first one's metrics and losses."""
        self._together(self.first.settle, [r.thread.submit(r.steps.settle) for r in self.ranks])
        for rank in self.ranks:
            self.first.metrics.totals += rank.steps.metrics.totals
            rank.steps.metrics.reset()
            for name, value in rank.steps.loss.items():
                self.loss[name] = self.loss.get(name, 0.0) + value
            rank.steps.loss.clear()
            rank.steps.counted = 0

    @property
    def loss(self) -> dict[str, float]:
        """Sums of the losses that are counted."""
        return self.first.loss

    @loss.setter
    def loss(self, value: dict[str, float]) -> None:
        self.first.loss = value

    @property
    def pending(self) -> int:
        """Samples that are not in the first one's metrics yet."""
        return self.first.pending + sum(r.steps.counted + r.steps.pending for r in self.ranks)

    def close(self) -> None:
        """Wait for all that is under way, and end the threads."""
        for rank in self.ranks:
            rank.thread.submit(rank.steps.close).result()
            rank.thread.shutdown()
        self.first.close()

    def _together(self, own: Callable[[], None], jobs: Sequence[Future[None]]) -> None:
        """Do the first one's part here; an error of any ends the waiting of all."""
        try:
            own()
        except BaseException:
            self._abort()
            raise
        finally:
            failed = [e for f in jobs if (e := f.exception()) is not None]
        if failed:
            raise failed[0]

    def _abort(self) -> None:
        for steps in (self.first, *(r.steps for r in self.ranks)):
            if steps.communicator is not None:
                steps.communicator.abort()


def _arenas(store: ParameterStore) -> dict[str, Arena]:
    found = {"parameters": store.parameters, "auxiliaries": store.auxiliaries, **store.states}
    return {name: arena for name, arena in found.items() if arena.types}


def host_copy(store: ParameterStore) -> dict[str, Any]:
    """All that lasts of a store, on the host, by arena."""
    return {name: store.device.fetch(a.buffer) for name, a in _arenas(store).items()}


def fill(store: ParameterStore, kept: Mapping[str, Any]) -> None:
    """Take over what `host_copy` gave of a store of the same net."""
    for name, arena in _arenas(store).items():
        store.device.put(arena.buffer, kept[name])
    store.version += 1


def split(batch: Batch, parts: int) -> list[Batch]:
    """The rows of a batch in parts of equal size; the first ones have one more where it does not divide.

    Raises:
        ConfigError: if there are fewer rows than parts.
    """
    rows = len(batch.ids)
    if rows < parts:
        raise ConfigError(
            f"a batch of {rows} samples cannot be divided among {parts} GPUs; data.last_batch=drop leaves a short last "
            "batch out"
        )
    ends = np.cumsum([0, *(rows // parts + (k < rows % parts) for k in range(parts))]).tolist()
    return [batch.rows(a, b) for a, b in zip(ends, ends[1:], strict=False)]


def over_nccl(size: int) -> Callable[[int, Device], Communicator]:
    """What connects `size` devices of this process, each asked in a thread of its own.

    Raises:
        BackendUnavailable: if there is no NCCL.
    """
    ident = nccl.unique_id()
    return lambda rank, device: nccl.connect(device, rank, size, ident)


__all__ = ["Rank", "Replicas", "Steps", "fill", "host_copy", "over_nccl", "split"]
