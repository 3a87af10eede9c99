"""argmax_channel: which channel of each sample is largest; of several equal ones, the first.

Shapes:
    data (N, C, A...) -> output (N, A...), numbers in the dtype of the data

Source: MXNet's argmax_channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, dtype_of


def infer(params: Any, ins: Types, outs: Types) -> Inferred:
    """The channels go.

    Raises:
        ShapeError: if there are none.
    """
    dtype, data = dtype_of(ins[0], outs[0]), ins[0].shape
    if data is None:
        return [PartialType(None, dtype)], [PartialType(None, dtype)]
    if len(data) < 2 or data[1] == 0:
        raise ShapeError(f"input 'data' must have the axes (N, C, ...) and channels, got {ins[0]}")
    return [PartialType(data, dtype)], [PartialType((data[0], *data[2:]), dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    outs[0][...] = xp.argmax(ins[0], axis=1)


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """A place has none."""
    return [None]


OP = Op("argmax_channel", infer, array_code(run), mxnet=("argmax_channel",), gradient=gradient)
