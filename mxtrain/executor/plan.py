"""Plan: a compiled graph bound to arrays: a flat list of prepared calls. Running it decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from mxtrain.base.device import Device
from mxtrain.base.errors import BackendUnavailable
from mxtrain.base.types import TensorType, view
from mxtrain.graph import Call, Entry, Node
from mxtrain.passes import Compiled


class Step(NamedTuple):
    """One call, what it is, and the arrays it writes."""

    name: str
    op: str
    kernel: str
    call: Call
    outs: tuple[Any, ...] = ()


class Block:
    """The memory that plans share for what does not outlive a run. Grown before plans are bound, never after."""

    def __init__(self, device: Device, nbytes: int) -> None:
        self.nbytes = nbytes
        self.buffer = device.empty(max(nbytes, 1))
        # Denormals and NaNs in memory that was never written would cost time and hide bugs.
        self.buffer[:] = 0


@dataclass
class Plan:
    """What runs.

    Args:
        inputs: arrays to be filled before each run, by name, in logical axis order.
        outputs: arrays that hold the results after a run, until the next run of any plan on the same block.
        losses: scalar arrays by head.
        pack: steps that run when `version` says that parameters have changed.
        steps: steps of every run.
    """

    inputs: dict[str, Any]
    outputs: list[Any]
    losses: dict[str, Any]
    pack: list[Step]
    steps: list[Step]
    compiled: Compiled
    input_types: dict[str, TensorType]
    version: Callable[[], int]
    packed: int = -1
    keep: list[Any] = field(default_factory=list)
    _calls: list[Call] = field(default_factory=list)

    def run(self) -> None:
        """Run every step.

        Raises:
            BackendUnavailable: naming the step whose kernel reported a failure.
        """
        now = self.version()
        if self.packed != now:
            for step in self.pack:
                if step.call[0](*step.call[1]):
                    raise BackendUnavailable(f"{step.op} {step.name!r}: {step.kernel} failed")
            self.packed = now
        for function, args in self._calls:
            if function(*args):
                self._fail(function, args)

    def _fail(self, function: Any, args: Any) -> None:
        step = next(s for s in self.steps if s.call[1] is args)
        raise BackendUnavailable(f"{step.op} {step.name!r}: {step.kernel} failed")


def bind(
    compiled: Compiled,
    device: Device,
    storage: Callable[[str], Any],
    *,
    block: Block | None = None,
    version: Callable[[], int] = lambda: 0,
) -> Plan:
    """Bind a compiled graph to arrays.

    Args:
        storage: array of each parameter, auxiliary and state variable, and of what `fixed` named, by name.
        block: memory shared with other plans; must be large enough.
        version: grows when parameters change.
    """
    memory = compiled.memory
    if block is None or block.nbytes < memory.block:
        block = Block(device, memory.block)
    persistent = device.zeros(max(memory.persistent, 1))
    variables: dict[str, Any] = {}
    inputs: dict[str, Any] = {}
    for n in compiled.graph.nodes:
        if n.op is None:
            variables[n.name] = _variable(n, device, storage)
            if n.kind == "input":
                inputs[n.name] = variables[n.name]

    def array(e: Entry) -> Any:
        if e.node.op is None:
            return variables[e.node.name]
        place = memory.places[e]
        if place.space == "variable":
            base = variables[place.name] if place.name in variables else storage(place.name)
            return base if base.shape == e.type.shape else base.reshape(e.type.shape)
        return view(block.buffer if place.space == "block" else persistent, e.type, place.offset)

    def steps(nodes: Sequence[Node], scratch_buffer: Any) -> list[Step]:
        made = []
        for n in nodes:
            recipe = compiled.recipes[n]
            offset = memory.scratch.get(n)
            scratch = None if offset is None else scratch_buffer[offset : offset + recipe.scratch]
            outs = [array(Entry(n, i)) for i in range(n.output_count)]
            call = recipe.prepare([array(e) for e in n.inputs], outs, scratch)
            if call is not None and n.op is not None:
                made.append(Step(n.name, n.op.name, recipe.name, call, tuple(outs)))
        return made

    pack = steps(memory.pack, persistent)
    body = steps(memory.steps, block.buffer)
    for e, name in memory.copies:
        target = variables[name] if name in variables else storage(name)
        body.append(Step(name, "copy", "copyto", (device.xp.copyto, (target, array(e))), (target,)))
    return Plan(
        inputs,
        [array(e) for e in compiled.graph.outputs],
        {name: array(e) for name, e in compiled.graph.losses},
        pack,
        body,
        compiled,
        {n.name: n.types[0] for n in compiled.graph.nodes if n.op is None and n.kind == "input"},
        version,
        keep=[block, persistent, variables],
        _calls=[s.call for s in body],
    )


def _variable(n: Node, device: Device, storage: Callable[[str], Any]) -> Any:
    """The array of a variable. Inputs and constants belong to the plan."""
    t = n.types[0]
    if n.kind in ("input", "constant"):
        a = view(device.zeros(max(t.nbytes, 1)), t)
        if n.value is not None:
            a[...] = np.asarray(n.value)
        return a
    return storage(n.name)


def storage_of(arrays: Mapping[str, Any]) -> Callable[[str], Any]:
    """A storage function over a mapping."""
    return arrays.__getitem__
