"""What a run will need of the machine's memory, from its plans; and the largest batch that fits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mxtrain.base.types import TensorType
from mxtrain.graph import Graph
from mxtrain.passes import Compiled
from mxtrain.train.schema import Config

START = 70 << 20
"""A process that has only started: Python, NumPy, the library of kernels. Measured, benchmarks/memory.py."""
WORK = 28 << 20
"""What is loaded and kept by the allocator while a run is built and its data opened."""
STEP = 64 << 10
"""A prepared call: its nodes in the graph, the library's primitive and its machine code."""
AHEAD = 5
"""Batches in flight: drawn, being made, being read."""


@dataclass(frozen=True)
class Footprint:
    """Bytes of a training process above one that has only started, at its peak.

    Args:
        parameters: with gradients, auxiliary states, and the optimizer's.
        activations: the block of activations, their gradients, workspaces and scratch.
        packed: parameters in the library's formats.
        inputs: of the plans, and the batches in flight.
        program: plans, primitives, what was loaded.
    """

    parameters: int
    activations: int
    packed: int
    inputs: int
    program: int

    @property
    def peak(self) -> int:
        """All of it."""
        return self.parameters + self.activations + self.packed + self.inputs + self.program


def footprint(config: Config, g: Graph, training: Compiled, prediction: Compiled, arenas: int) -> Footprint:
    """What `mxtrain fit` will need.

    Evaluation has plans of its own, a short last batch too; they share block and packed parameters with the first as
    far as these are large enough. A data set that is held in memory is not counted.

    Args:
        g: the net, typed for the training batch.
        training, prediction: its plans.
        arenas: bytes of parameters, gradients, auxiliaries and optimizer state.
    """
    inputs = {n: v.types[0] for n, v in g.variables.items() if v.kind == "input"}
    each = sum(t.nbytes for t in inputs.values())
    evaluated = config.data.val is not None
    plans = [training, training, *([prediction] * evaluated)]
    average = sum(t.nbytes for t in _parameters(g).values()) if config.ema and evaluated else 0
    steps = sum(len(p.memory.steps) + len(p.memory.pack) for p in plans)
    return Footprint(
        arenas + average,
        _shared([p.memory.block for p in plans]),
        _shared([p.memory.persistent for p in plans]),
        each * len(plans) + AHEAD * sum(_on_host(t) for t in inputs.values()),
        WORK + STEP * steps,
    )


def _parameters(g: Graph) -> Mapping[str, TensorType]:
    return {n: v.types[0] for n, v in g.variables.items() if v.kind == "parameter"}


def _shared(sizes: list[int]) -> int:
    """The first, and whatever is larger and so has its own."""
    return sizes[0] + sum(s for s in sizes[1:] if s > sizes[0])


def _on_host(t: TensorType) -> int:
    """Bytes of a batch as it comes: images are bytes until they are fed."""
    return t.size if len(t.shape) == 4 else t.nbytes


def largest(needed: Callable[[int], int], budget: int, guess: int = 1, most: int = 1 << 62) -> int:
    """The largest batch that needs no more than `budget`, to 1 in 64; 0 if not even one sample fits.

    What a batch needs grows nearly in proportion: a few guesses along a straight line enclose the answer.

    Args:
        needed: bytes of a batch; grows with it.
        guess: where to begin.
        most: what is never exceeded.
    """
    low, at_low = 0, 0.0
    high, at_high = 0, 0.0
    at = max(guess, 1)
    while True:
        bytes_ = needed(at)
        if bytes_ <= budget:
            low, at_low = at, bytes_
        else:
            high, at_high = at, bytes_
        if low == most or (high and high - low <= max(1, low // 64)):
            break
        if not high:
            # Too small yet: as far as a line through the origin leads, and a little beyond.
            at = min(max(low + 1, min(int(low * budget / at_low * 1.1) + 1, 64 * low)), most)
        elif not low and high > 1:
            at = max(1, min(high // 4, int(high * budget / at_high * 0.8)))
        else:
            along = (budget - at_low) / (at_high - at_low)
            at = min(max(low + int((high - low) * along), low + 1), high - 1)
    return low
