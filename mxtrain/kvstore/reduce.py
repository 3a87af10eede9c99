"""Gradients summed over ranks while the backward still runs.

The arena of gradients is cut into buckets of neighbours, the last ones first: the backward makes them in that order. As
soon as the last gradient of a bucket is there, its sum is asked for, on a stream of its own where the device has
streams; the plan ends by waiting for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mxtrain.backends import cuda
from mxtrain.base.device import Device, align
from mxtrain.base.types import TensorType, view
from mxtrain.executor import Arena, Plan, Step, with_steps
from mxtrain.kvstore.communicator import Communicator

SMALLEST, LARGEST = 4 << 20, 32 << 20
"""Bytes of a bucket; the last one, and one of a single array, may be outside."""


class Bucket(NamedTuple):
    """Neighbours in the arena.

    Args:
        names: of the arrays, in the arena's order.
        array: flat float32, gaps included.
        ready: the step after which all of them are there; -1: from the beginning.
    """

    names: tuple[str, ...]
    array: Any
    ready: int


def cut(arena: Arena, made: Mapping[str, int], smallest: int = SMALLEST, largest: int = LARGEST) -> list[Bucket]:
    """The arena in buckets, the last arrays first.

    Args:
        made: array -> number of the step that makes it; those that are not there are made by none.
        smallest: bytes after which a bucket is closed.
        largest: bytes that a bucket with more than one array does not exceed.
    """
    buckets: list[Bucket] = []
    names: list[str] = []
    size = 0

    def close() -> None:
        nonlocal size
        if names:
            start = arena.offsets[names[0]]
            array = view(arena.buffer, TensorType((size // 4,)), start)
            buckets.append(Bucket(tuple(names), array, max(made.get(n, -1) for n in names)))
        names.clear()
        size = 0

    for name in reversed(list(arena.types)):
        nbytes = align(arena.types[name].nbytes)
        if size + nbytes > largest:
            close()
        names.insert(0, name)
        size += nbytes
        if size >= smallest:
            close()
    close()
    return buckets


def makers(plan: Plan, arena: Arena, device: Device) -> dict[str, int]:
    """Array of the arena -> number of the last step that writes into it."""
    begin = device.address(arena.buffer)
    spans = {n: (o, o + arena.types[n].nbytes) for n, o in arena.offsets.items()}
    made: dict[str, int] = {}
    for k, step in enumerate(plan.steps):
        for out in step.outs:
            first = device.address(out) - begin if out.nbytes else -1
            for name, (low, high) in spans.items():
                if first < high and first + out.nbytes > low and first >= 0:
                    made[name] = k
    return made


def overlapped(
    plan: Plan, arena: Arena, communicator: Communicator, smallest: int = SMALLEST, largest: int = LARGEST
) -> Plan:
    """The plan with the sums of its gradients over all ranks among its steps.

    Args:
        arena: where the plan leaves its gradients.
        smallest, largest: bytes of a bucket.
    """
    device = plan.device
    buckets = cut(arena, makers(plan, arena, device), smallest, largest)
    side = _Side(device, communicator, len(buckets))
    after: dict[int, list[Step]] = {}
    for k, bucket in enumerate(buckets):
        what = bucket.names[0] if len(bucket.names) == 1 else f"{bucket.names[0]}..{bucket.names[-1]}"
        step = Step(what, "all_reduce", side.name, (side.reduce, (k, bucket.array)), (bucket.array,), "", True)
        after.setdefault(bucket.ready, []).append(step)
    steps = list(after.get(-1, ()))
    for k, own in enumerate(plan.steps):
        steps += [own, *after.get(k, ())]
    steps.append(Step("gradients", "all_reduce", side.name, (side.join, ()), (), "", True))
    return with_steps(plan, steps)


class _Side:
    """Where sums are asked for: a stream beside the compute stream, if the device has streams."""

    def __init__(self, device: Device, communicator: Communicator, count: int) -> None:
        self.communicator = communicator
        self.name = type(communicator).__name__.lower()
        self.stream: int | None = None
        if device.runtime is not None:
            runtime = cuda.cuda_of(device)
            self.stream = runtime.new_stream()
            self.ready = [runtime.new_event() for _ in range(count)]
            self.done = runtime.new_event()

    def reduce(self, k: int, array: Any) -> int:
        """Ask for the sum of bucket k, after the work asked for so far."""
        if self.stream is not None:
            self.ready[k].record()
            self.ready[k].wait(self.stream)
        self.communicator.all_reduce(array, self.stream)
        return 0

    def join(self) -> int:
        """Let later work of the compute stream wait for all sums."""
        if self.stream is not None:
            self.done.record(self.stream)
            self.done.wait()
        return 0
