"""Plan: a compiled graph bound to arrays: a flat list of prepared calls. Running it decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from mxtrain.base.device import REFERENCE, Device
from mxtrain.base.errors import BackendUnavailable
from mxtrain.base.types import TensorType, view
from mxtrain.graph import Call, Entry, Node
from mxtrain.passes import Compiled


class Step(NamedTuple):
    """One call, what it is, and the arrays it writes.

    Args:
        types: of inputs and outputs, for an error.
        capturable: as the recipe's.
        explain: as the recipe's.
    """

    name: str
    op: str
    kernel: str
    call: Call
    outs: tuple[Any, ...] = ()
    types: str = ""
    capturable: bool = False
    explain: Callable[[Any], str] | None = None


class Block:
    """The memory that plans share for what does not outlive a run. Grown before plans are bound, never after.

    Attributes:
        held: the plan whose packed parameters lie here, where the block is one for those.
    """

    def __init__(self, device: Device, nbytes: int) -> None:
        self.nbytes = nbytes
        self.held: Plan | None = None
        # Denormals and NaNs in memory that was never written would cost time and hide bugs. Zeros come from the system
        # page by page, when a kernel's threads first write there.
        self.buffer = device.zeros(max(nbytes, 1))


@dataclass
class Plan:
    """What runs.

    Args:
        inputs: arrays to be filled before each run, by name, in logical axis order.
        outputs: arrays that hold the results after a run, until the next run of any plan on the same block.
        losses: scalar arrays by head.
        pack: steps that run when `version` says that parameters have changed, or another plan has packed over them.
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
    packs: Block
    packed: int = -1
    device: Device = REFERENCE
    keep: list[Any] = field(default_factory=list)
    _calls: list[Call] = field(default_factory=list)

    def run(self) -> None:
        """Run every step.

        Raises:
            BackendUnavailable: naming the step whose kernel reported a failure.
        """
        now = self.version()
        if self.packed != now or self.packs.held is not self:
            self.packs.held = None
            for step in self.pack:
                status = step.call[0](*step.call[1])
                if status:
                    raise BackendUnavailable(_failure(step, status))
            self.packs.held, self.packed = self, now
        for call in self._calls:
            status = call[0](*call[1])
            if status:
                raise BackendUnavailable(_failure(next(s for s in self.steps if s.call is call), status))

    @property
    def uncapturable(self) -> list[Step]:
        """Steps that cannot be part of a captured graph."""
        return [s for s in (*self.pack, *self.steps) if not s.capturable]


def uncapturable(compiled: Compiled) -> list[Node]:
    """Nodes whose steps, once they are bound, `Plan.uncapturable` names."""
    memory, recipes = compiled.memory, compiled.recipes
    return [n for n in (*memory.pack, *memory.steps) if not recipes[n].capturable and not recipes[n].view]


def _failure(step: Step, status: Any) -> str:
    """What the error says about a step whose call returned a true status."""
    why = step.explain(status) if step.explain else f"status {status}"
    return f"{step.op} {step.name!r} {step.types}: {step.kernel} failed: {why}"


def bind(
    compiled: Compiled,
    device: Device,
    storage: Callable[[str], Any],
    *,
    block: Block | None = None,
    packs: Block | None = None,
    version: Callable[[], int] = lambda: 0,
) -> Plan:
    """Bind a compiled graph to arrays.

    Args:
        storage: array of each parameter, auxiliary and state variable, and of what `fixed` named, by name.
        block: memory shared with other plans; if it is too small, the plan gets its own.
        packs: the same for packed parameters.
        version: grows when parameters change.
    """
    memory = compiled.memory
    if block is None or block.nbytes < memory.block:
        block = Block(device, memory.block)
    if packs is None or packs.nbytes < memory.persistent:
        packs = Block(device, memory.persistent)
    variables = {n.name: _variable(n, device, storage) for n in compiled.graph.nodes if n.op is None}
    inputs = {n.name: n.types[0] for n in compiled.graph.nodes if n.op is None and n.kind == "input"}
    arrays = _Arrays(compiled, storage, variables, block.buffer, packs.buffer)
    body = arrays.steps(memory.steps, block.buffer)
    for e, name in memory.copies:
        target = arrays.stored(name)
        body.append(_copy(name, device, target, arrays.of(e)))
    return Plan(
        inputs={name: variables[name] for name in inputs},
        outputs=[arrays.of(e) for e in compiled.graph.outputs],
        losses={name: arrays.of(e) for name, e in compiled.graph.losses},
        pack=arrays.steps(memory.pack, block.buffer),
        steps=body,
        compiled=compiled,
        input_types=inputs,
        version=version,
        packs=packs,
        device=device,
        keep=[block, arrays],
        _calls=[s.call for s in body],
    )


@dataclass(frozen=True)
class _Arrays:
    """Where every entry of a compiled graph lies, once there is memory."""

    compiled: Compiled
    storage: Callable[[str], Any]
    variables: Mapping[str, Any]
    block: Any
    persistent: Any

    def stored(self, name: str) -> Any:
        """The array of a variable, or of what `fixed` named."""
        return self.variables[name] if name in self.variables else self.storage(name)

    def of(self, e: Entry) -> Any:
        """The array of an entry."""
        if e.node.op is None:
            return self.variables[e.node.name]
        place = self.compiled.memory.places[e]
        if place.space == "variable":
            base = self.stored(place.name)
            return base if base.shape == e.type.shape else base.reshape(e.type.shape)
        return view(self.block if place.space == "block" else self.persistent, e.type, place.offset)

    def steps(self, nodes: Sequence[Node], scratch_buffer: Any) -> list[Step]:
        """The prepared calls of some nodes."""
        made = []
        for n in nodes:
            recipe = self.compiled.recipes[n]
            offset = self.compiled.memory.scratch.get(n)
            scratch = None if offset is None else scratch_buffer[offset : offset + recipe.scratch]
            outs = [self.of(Entry(n, i)) for i in range(n.output_count)]
            call = recipe.prepare([self.of(e) for e in n.inputs], outs, scratch)
            if call is not None and n.op is not None:
                ins = ", ".join(str(e.type) for e in n.inputs)
                types = f"({ins} -> {', '.join(str(t) for t in n.types)})"
                facts = (types, recipe.capturable, recipe.explain)
                made.append(Step(n.name, n.op.name, recipe.name, call, tuple(outs), *facts))
        return made


def _variable(n: Node, device: Device, storage: Callable[[str], Any]) -> Any:
    """The array of a variable. Inputs and constants belong to the plan."""
    t = n.types[0]
    if n.kind in ("input", "constant"):
        a = view(device.zeros(max(t.nbytes, 1)), t)
        if n.value is not None:
            device.put(a, n.value)
        return a
    return storage(n.name)


def _copy(name: str, device: Device, target: Any, source: Any) -> Step:
    """The step that copies a result into a variable's storage."""
    if device.runtime is None or target.strides != source.strides:
        return Step(name, "copy", "copyto", (device.xp.copyto, (target, source)), (target,))
    call = device.runtime.copy(target, source)
    return Step(name, "copy", "copy", call, (target,), capturable=True, explain=device.runtime.explain)


def with_steps(plan: Plan, steps: Sequence[Step]) -> Plan:
    """The plan with other steps of every run."""
    return replace(plan, steps=list(steps), _calls=[s.call for s in steps])


def storage_of(arrays: Mapping[str, Any]) -> Callable[[str], Any]:
    """A storage function over a mapping."""
    return arrays.__getitem__
