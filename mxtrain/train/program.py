"""Program: one network's parameters and the plans over them: training, prediction, extraction, for any batch size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from mxtrain import ops
from mxtrain.base.device import Device
from mxtrain.base.random import STATE, STATE_DTYPE, STATE_SHAPE
from mxtrain.base.types import TensorType
from mxtrain.executor import Block, ParameterStore, Plan, bind, make_store
from mxtrain.graph import Entry, Graph, Node
from mxtrain.passes import LOSS_SCALE, Compiled, Options, compile_graph, for_prediction, for_training, infer_types

Types = Mapping[str, TensorType]


@dataclass
class Program:
    """Plans of one network over one store.

    Args:
        heads: outputs of the network's symbol.
        device: where it runs.
        options: how it is compiled.
        store: its parameters.
        trained: parameters with a gradient.
    """

    heads: tuple[Entry, ...]
    device: Device
    options: Options
    store: ParameterStore
    trained: tuple[str, ...]
    block: Block | None = None
    packs: Block | None = None
    _training: dict[tuple[tuple[str, TensorType], ...], Plan] = field(default_factory=dict)
    _prediction: dict[tuple[tuple[Entry, ...], tuple[tuple[str, TensorType], ...]], Plan] = field(default_factory=dict)

    def training(self, types: Types) -> Plan:
        """The plan of forward, backward and updates of auxiliaries for inputs of these types."""
        key = _key(types)
        if key not in self._training:
            self._training[key] = self._bind(
                compile_training(self.heads, self.trained, types, self.device, self.options)
            )
        return self._training[key]

    def prediction(self, types: Types, heads: tuple[Entry, ...] | None = None) -> Plan:
        """The plan of prediction, or of other heads such as an inner layer, for inputs of these types."""
        wanted = heads or self.heads
        key = (wanted, _key(types))
        if key not in self._prediction:
            self._prediction[key] = self._bind(compile_prediction(wanted, types, self.device, self.options))
        return self._prediction[key]

    def _bind(self, compiled: Compiled) -> Plan:
        if self.block is None:
            self.block = Block(self.device, compiled.memory.block)
        names = {n.name for n in compiled.graph.nodes if n.op is None}
        if STATE in names:
            self.store.scalar(STATE, STATE_DTYPE, STATE_SHAPE)
        if LOSS_SCALE in names and LOSS_SCALE not in self.store.scalars:
            self.store.scalar(LOSS_SCALE)
            self.store.numbers.host(LOSS_SCALE)[...] = 1.0
            self.store.numbers.send()
        # A captured step packs without asking who has packed before: it shares with nobody.
        if self.device.runtime is None and (self.packs is None or self.packs.nbytes < compiled.memory.persistent):
            self.packs = Block(self.device, compiled.memory.persistent)
        plan = bind(
            compiled, self.device, self.store.storage, block=self.block, packs=self.packs,
            version=lambda: self.store.version,
        )  # fmt: skip
        self.device.trim()
        return plan

    def seed(self, seed: int, step: int, first_sample: int) -> None:
        """Set what random operators draw from next."""
        if STATE in self.store.scalars:
            self.store.numbers.host(STATE)[...] = (
                seed & 0xFFFFFFFF,
                seed >> 32 & 0xFFFFFFFF,
                step & 0xFFFFFFFF,
                first_sample & 0xFFFFFFFF,
                first_sample >> 32 & 0xFFFFFFFF,
            )


def _key(types: Types) -> tuple[tuple[str, TensorType], ...]:
    return tuple(sorted(types.items()))


def compile_training(
    heads: tuple[Entry, ...], trained: Sequence[str], types: Types, device: Device, options: Options
) -> Compiled:
    """The training graph with kernels and memory; gradients end in the store's arena.

    Where parameters change after every run, packs of them are made where they are read and share the block.
    """
    vocabulary = ops.vocabulary()
    g = infer_types(heads, types)
    compiled = device.runtime is not None
    if options.reuse and not options.accumulate and not compiled:
        options = replace(options, hoist=False)
    training, grads = for_training(g, list(trained), vocabulary=vocabulary, options=options, compiled=compiled)
    first = len(training.outputs) - len(grads)
    fixed = {first + i: f"grad:{name}" for i, name in enumerate(grads)}
    return compile_graph(training, device, vocabulary=vocabulary, options=options, fixed=fixed)


def compile_prediction(heads: tuple[Entry, ...], types: Types, device: Device, options: Options) -> Compiled:
    """The prediction graph of `heads` with kernels and memory."""
    g = infer_types(heads, types)
    return compile_graph(for_prediction(g, options=options), device, vocabulary=ops.vocabulary(), options=options)


def variables(g: Graph, kind: str) -> dict[str, Node]:
    """The variables of one kind by name, in topological order."""
    return {n.name: n for n in g.nodes if n.op is None and n.kind == kind}


def make_program(
    heads: tuple[Entry, ...], types: Types, device: Device, options: Options, trained: Sequence[str] | None = None
) -> Program:
    """A program with a store of zeros.

    Args:
        types: of the inputs, from which the shapes of all parameters follow.
        trained: parameters with a gradient, in the order of their groups; None: all.

    Raises:
        ShapeError: naming the layer that does not fit.
    """
    g = infer_types(heads, types)
    parameters = {n: v.types[0] for n, v in variables(g, "parameter").items()}
    names = list(parameters) if trained is None else list(trained)
    store = make_store(
        device,
        {n: parameters[n] for n in names},
        {n: t for n, t in parameters.items() if n not in names},
        {n: v.types[0] for n, v in variables(g, "auxiliary").items()},
    )
    return Program(heads, device, options, store, tuple(names))
