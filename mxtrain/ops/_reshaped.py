"""reshaped: the same elements with given axes. Gradients of reshaping operators make it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops._call import view
from mxtrain.ops._infer import Inferred, Types


@dataclass(frozen=True)
class Params:
    """The axes."""

    shape: tuple[int, ...]


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """The shape is given."""
    return list(ins), [PartialType(p.shape, ins[0].dtype)]


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Back to the axes of the data."""
    return [dy[0] and reshaped(f"{node.name}_backward", dy[0], node.inputs[0].type.shape)]


RESHAPED = Op("reshaped", infer, {"reference": view()}, params=Params, gradient=gradient, precision="follow")


def reshaped(name: str, data: Entry, shape: tuple[int, ...]) -> Entry:
    """`data` with other axes of as many elements."""
    return apply(RESHAPED, name, data, shape=shape)
