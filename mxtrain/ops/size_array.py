"""size_array: how many elements a tensor has, as a number. No gradient.

Shapes:
    data (any) -> output (1,) int64

Source: MXNet's size_array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types


def infer(params: Any, ins: Types, outs: Types) -> Inferred:
    """One number."""
    return list(ins), [PartialType((1,), "int64")]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    outs[0][...] = ins[0].size


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """A number of elements has none."""
    return [None]


OP = Op("size_array", infer, {"reference": reference(run)}, mxnet=("size_array",), gradient=gradient)
