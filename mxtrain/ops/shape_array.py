"""shape_array: the sizes of a tensor's axes, as numbers. No gradient.

Shapes:
    data (A...) -> output (axes of data,) int64

Source: MXNet's shape_array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types


def infer(params: Any, ins: Types, outs: Types) -> Inferred:
    """As many as axes."""
    return list(ins), [PartialType(None if ins[0].shape is None else (len(ins[0].shape),), "int64")]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    for k, size in enumerate(ins[0].shape):
        outs[0][k] = size


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Sizes have none."""
    return [None]


OP = Op("shape_array", infer, {"reference": reference(run)}, mxnet=("shape_array",), gradient=gradient)
