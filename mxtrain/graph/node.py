"""Nodes and entries: the immutable data that a Symbol (untyped) and a Graph (typed) are both made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from mxtrain.base.errors import ShapeError
from mxtrain.base.types import UNKNOWN, PartialType, TensorType, merge, partial
from mxtrain.graph.op import Op

Kind = Literal["input", "parameter", "auxiliary", "state", "constant"]


class Entry(NamedTuple):
    """One output of one node."""

    node: Node
    index: int = 0  # type: ignore[assignment]

    @property
    def type(self) -> TensorType:
        """Its complete type. Only in a Graph."""
        return self.node.types[self.index]

    @property
    def name(self) -> str:
        """MXNet's name of it: NODE_output, NODE_outputN, NODE_mean; a variable's is its own."""
        node = self.node
        if node.op is None:
            return node.name
        return f"{node.name}_{node.op.output_names(node.params)[self.index]}"


@dataclass(frozen=True, eq=False)
class Node:
    """An operator applied to entries, or a variable. Nodes are compared by identity.

    Args:
        op: None for a variable.
        name: unique in its graph.
        inputs: one entry per input.
        params: the operator's declared parameters.
        types: one per output; () in a Symbol.
        kind: what a variable is for; None for an operator.
        value: initial value of a constant or state variable, as nested tuples or an array.
        attrs: attributes that are not parameters (``__lr_mult__``, and what a file brought), kept as they came.
        origins: names of the nodes it was made from, for errors, profile and extraction.
        source: where the user wrote it, ``file:line:column``.
        used: which outputs anybody reads; () means all.
    """

    op: Op | None
    name: str
    inputs: tuple[Entry, ...] = ()
    params: Any = None
    types: tuple[TensorType, ...] = ()
    kind: Kind | None = None
    value: Any = None
    attrs: Mapping[str, str] = field(default_factory=dict)
    origins: tuple[str, ...] = ()
    source: str = ""
    used: tuple[bool, ...] = ()

    def __getitem__(self, index: int) -> Entry:
        return Entry(self, index)

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the inputs; () for a variable."""
        return self.op.input_names(self.params) if self.op else ()

    @property
    def output_count(self) -> int:
        """Number of outputs, hidden ones included."""
        return len(self.op.output_names(self.params)) if self.op else 1

    @property
    def where(self) -> str:
        """How an error names the node."""
        what = f"{self.op.name} {self.name!r}" if self.op else f"variable {self.name!r}"
        return f"{self.source}: {what}" if self.source else what

    def reads(self, output: int) -> bool:
        """True if somebody reads the output (known after kernel selection; before that, true)."""
        return not self.used or self.used[output]


def variable(name: str, type: TensorType | None = None, kind: Kind = "input", value: Any = None) -> Entry:
    """A new variable."""
    return Entry(Node(None, name, types=(type,) if type else (), kind=kind, value=value))


def infer(
    op: Op, params: Any, ins: Sequence[PartialType], outs: Sequence[PartialType], where: str
) -> tuple[list[PartialType], list[PartialType]]:
    """All that `op` knows about its types, given what is known already.

    Raises:
        ShapeError: naming the node, the argument, what was expected and what came.
    """
    try:
        want_ins, want_outs = op.infer(params, ins, outs)
    except ShapeError as e:
        raise ShapeError(f"{where}: {e}") from None

    def check(
        names: tuple[str, ...], what: str, have: Sequence[PartialType], want: Sequence[PartialType]
    ) -> list[PartialType]:
        result = []
        for name, h, w in zip(names, have, want, strict=True):
            try:
                result.append(merge(h, w))
            except ShapeError:
                raise ShapeError(f"{where}: {what} {name!r} must be {w}, got {h}") from None
        return result

    return (
        check(op.input_names(params), "input", ins, want_ins),
        check(op.output_names(params), "output", outs, want_outs),
    )


def complete_types(op: Op, params: Any, ins: Sequence[TensorType], where: str) -> tuple[TensorType, ...]:
    """Types of the outputs of `op` on complete inputs.

    Raises:
        ShapeError: if the inputs do not fit, or do not say enough.
    """
    count = len(op.output_names(params))
    _, outs = infer(op, params, [partial(t) for t in ins], [UNKNOWN] * count, where)
    types = []
    for name, t in zip(op.output_names(params), outs, strict=True):
        shape = t.known_shape
        if shape is None or t.dtype is None:
            raise ShapeError(f"{where}: the type of output {name!r} cannot be inferred from the inputs")
        types.append(TensorType(shape, t.dtype))
    return tuple(types)


def apply(op: Op, name: str, *inputs: Entry, origins: tuple[str, ...] = (), **params: Any) -> Entry:
    """A new node; its output 0. If its inputs are typed the node is typed, and so checked, at once."""
    return apply_node(op, name, inputs, op.params(**params), origins=origins)[0]


def apply_node(
    op: Op, name: str, inputs: Iterable[Entry], params: Any, origins: tuple[str, ...] = (), source: str = ""
) -> Node:
    """A new node with params made already; typed if its inputs are."""
    node = Node(op, name, tuple(inputs), params, origins=origins, source=source)
    if all(e.node.types for e in node.inputs):
        node = replace(node, types=complete_types(op, params, [e.type for e in node.inputs], node.where))
    return node


def rebuild(node: Node, inputs: Iterable[Entry], params: Any = None) -> Node:
    """The same node over other inputs (and params), typed again if they are typed."""
    inputs = tuple(inputs)
    params = node.params if params is None else params
    types: tuple[TensorType, ...] = ()
    if node.op is not None and all(e.node.types for e in inputs):
        types = complete_types(node.op, params, [e.type for e in inputs], node.where)
    return replace(node, inputs=inputs, params=params, types=types)
