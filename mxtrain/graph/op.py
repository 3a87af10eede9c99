"""What an operator is: a frozen record of free functions, never subclassed. A kernel: a factory of prepared calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mxtrain.base.device import Device
from mxtrain.base.params import NoParams
from mxtrain.base.types import Layout, PartialType

if TYPE_CHECKING:
    from mxtrain.graph.node import Entry, Node

Call = tuple[Callable[..., Any], tuple[Any, ...]]
"""A prepared call: ``function(*args)``; a result that is true means failure (a library's status)."""

Names = tuple[str, ...] | Callable[[Any], tuple[str, ...]]
Infer = Callable[
    [Any, Sequence[PartialType], Sequence[PartialType]], tuple[Sequence[PartialType], Sequence[PartialType]]
]


class Setting(NamedTuple):
    """What is known once a graph is compiled.

    Args:
        device: that runs it.
        dtype: what float32 becomes where operators have kernels for a narrow type.
        lean: memory is worth some time.
    """

    device: Device
    dtype: str = "float32"
    lean: bool = False


@dataclass(frozen=True)
class Recipe:
    """How one kernel will compute one node: decided before memory is planned.

    Args:
        prepare: ``(ins, outs, scratch) -> Call``, once at bind: everything is built here. Arrays come as
            base.types.view makes them; ``scratch`` is a flat uint8 buffer, or None. None as the call: nothing runs.
        name: implementation, for people (``onednn:brgconv:avx512_core``).
        inplace: pairs (input, output) that may share a buffer, the input being dead afterwards.
        view: the output 0 is input 0 seen otherwise: it always shares the buffer, and nothing runs.
        scratch: bytes used only during the call.
        takes: opaque or other layouts in which inputs are wanted: a pack node is put before them.
        gives: opaque layouts in which outputs come. A hidden output (workspace) keeps its own; any other is followed by
            a pack node that makes it plain again.
        capturable: the prepared call may run while a stream is being captured into a graph: it allocates nothing, waits
            for nothing, and reads what changes from step to step out of device memory.
        explain: what a true status of the prepared call means, for the error that reports it.
    """

    prepare: Callable[[Sequence[Any], Sequence[Any], Any], Call | None]
    name: str = "reference"
    inplace: tuple[tuple[int, int], ...] = ()
    view: bool = False
    scratch: int = 0
    takes: Mapping[int, Layout] = field(default_factory=dict)
    gives: Mapping[int, Layout] = field(default_factory=dict)
    capturable: bool = False
    explain: Callable[[Any], str] | None = None


Kernel = Callable[["Node", Device], Recipe | None]
"""A kernel: looks at a typed node and says how it would compute it, or None: not by this library."""


@dataclass(frozen=True)
class Pointwise:
    """How an operator is computed element by element.

    Args:
        run: ``(params, xp, out, *ins)``: writes `out`, allocates nothing of its size.
        alias: `out` may be one of `ins` (true of a single ufunc; a longer body may still need its inputs).
        compiled: it joins chains only where they are compiled; elsewhere a library computes it better by itself.
        native: how a library computes it, for chains of what that library has; the backend's own record.
    """

    run: Callable[..., None]
    alias: bool = False
    compiled: bool = False
    native: Any = None


class Instruction(NamedTuple):
    """One operator of a chain: its params, and the registers it reads. Its result is the next register."""

    op: Op
    params: Any
    args: tuple[int, ...]


@dataclass(frozen=True)
class Vocabulary:
    """The operators that passes need to make, given to them so that they name none.

    Args:
        add: variadic sum of equal tensors.
        zeros_like: zeros of the type of the input.
        reorder: the same tensor in another layout or dtype.
        copy: the same tensor in a buffer of its own.
        multiply: the product of a tensor and a scalar.
        chain: several pointwise operators in one; its params are the number of inputs, the program (a tuple of
            Instructions; registers 0.. are the inputs, then one per instruction) and the registers that are results.
    """

    add: Op
    zeros_like: Op
    reorder: Op
    copy: Op
    chain: Op
    multiply: Op


@dataclass(frozen=True, eq=False)
class Op:
    """An operator.

    Args:
        name: snake case; the name of its module where users may write it.
        infer: ``(params, ins, outs) -> (ins, outs)`` over partial types: returns all it can add, in both directions.
            It is called until nothing changes. Raises ShapeError without naming the node (the caller does).
        kernels: kernel set -> Kernel; ``reference`` is mandatory unless `expand` is given.
        params: class made by base.params.declare.
        inputs: names of the inputs, auxiliary ones last; or a function of the params.
        outputs: names of the outputs, or a function of the params. The first is what users see...
        visible: ...or the first `visible` of them, a number or a function of the params; the others are hidden (mean,
            workspace).
        auxiliary: inputs that are auxiliary states: not trained, changed by `updates`.
        mxnet: names in MXNet's symbol files, the canonical one first.
        gradient: ``(node, out_grads) -> one Entry or None per input``. ``out_grads`` has one Entry or None per output.
            An operator with a loss ignores them.
        loss: ``(node) -> scalar Entry`` whose gradient `gradient` emits. Marks an output operator.
        updates: ``(node) -> {input index: new value}`` for auxiliary inputs, in training.
        at_eval: ``(node) -> one Entry per output``: what stands in its place outside training.
        absorb: ``(node, reader, training) -> merged Node or None``. `reader` is the only reader of output 0. Output
            i of the merged node replaces output i of `node`, and output 0 that of `reader`. What makes an input of
            `node` may be merged too; that is done if nobody else reads this input.
        absorb_compiled: as `absorb`, in training, where a device has kernels of its own for what comes out.
        join: ``(nodes) -> Node``: several nodes of it with the same params and one output each, of which none leads to
            another, as one; its output k is that of node k. For devices where many small kernels take long.
        expand: ``(node) -> one Entry per output``: the same in other operators.
        settle: ``(node, setting) -> one Entry per output or None``: what stands in its place on a device, once
            everything is merged and differentiated; None: itself.
        eltwise: trait: ``(params) -> name`` of the function it is, element by element (relu, tanh...), which another
            operator may absorb.
        pointwise: trait: how to compute it element by element, so that chains of such operators run as one.
        layout: spatial: wants channels-last; follow: any, as its first input; plain: C order.
        flat: names of inputs and outputs that stay plain all the same (weights).
        precision: narrow: has kernels for bfloat16; wide: stays float32; follow: as its inputs.
        wide: names of inputs and outputs that stay float32 all the same (statistics, masters).
        random: two nodes alike are still two nodes.
        variadic: number of inputs is ``params.num_args``.
        flops: ``(node) -> floating-point operations`` of the node; None: one per element of the output.
    """

    name: str
    infer: Infer
    kernels: Mapping[str, Kernel] = field(default_factory=dict)
    params: type = NoParams
    inputs: Names = ("data",)
    outputs: Names = ("output",)
    visible: int | Callable[[Any], int] = 1
    auxiliary: tuple[str, ...] = ()
    mxnet: tuple[str, ...] = ()
    gradient: Callable[[Node, Sequence[Entry | None]], Sequence[Entry | None]] | None = None
    loss: Callable[[Node], Entry] | None = None
    updates: Callable[[Node], Mapping[int, Entry]] | None = None
    at_eval: Callable[[Node], Sequence[Entry]] | None = None
    absorb: Callable[[Node, Node, bool], Node | None] | None = None
    absorb_compiled: Callable[[Node, Node], Node | None] | None = None
    join: Callable[[Sequence[Node]], Node] | None = None
    expand: Callable[[Node], Sequence[Entry]] | None = None
    settle: Callable[[Node, Setting], Sequence[Entry] | None] | None = None
    eltwise: Callable[[Any], str | None] | None = None
    pointwise: Pointwise | None = None
    layout: Literal["spatial", "follow", "plain"] = "plain"
    flat: tuple[str, ...] = ()
    precision: Literal["narrow", "wide", "follow"] = "wide"
    wide: tuple[str, ...] = ()
    random: bool = False
    variadic: bool = False
    flops: Callable[[Node], int] | None = None

    def input_names(self, params: Any) -> tuple[str, ...]:
        """Names of the inputs of a node with these params."""
        return self.inputs(params) if callable(self.inputs) else self.inputs

    def output_names(self, params: Any) -> tuple[str, ...]:
        """Names of the outputs of a node with these params, hidden ones included."""
        return self.outputs(params) if callable(self.outputs) else self.outputs

    def visible_outputs(self, params: Any) -> int:
        """How many outputs users see."""
        visible = self.visible(params) if callable(self.visible) else self.visible
        return min(visible, len(self.output_names(params)))
