"""embedding: a row of the weight for every index. An index outside becomes the nearest.

Shapes:
    data (S), weight (input_dim, output_dim) -> output (S, output_dim)

Source: MXNet's Embedding.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from mxtrain.base.device import Device
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, merge_shapes
from mxtrain.graph import Entry, Node, Op, Recipe, apply_node
from mxtrain.ops import _gather_cuda
from mxtrain.ops._call import array_code, reference
from mxtrain.ops._gather import add_rows, positions
from mxtrain.ops._infer import Inferred, Types, dtype_of

Dtype = Literal["bfloat16", "float16", "float32", "float64", "int32", "int64", "int8", "uint8"]


@declare
class Params:
    """Parameters of embedding."""

    input_dim: int = param(ge=1, doc="number of rows: how many different indices there are")
    output_dim: int = param(ge=1, doc="length of a row")
    dtype: Dtype = param("float32", doc="dtype of the weight, where nothing else says it")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """The weight is given; data and output have the same leading axes."""
    dtype = dtype_of(ins[1], outs[0]) or p.dtype
    data, out = ins[0].shape, outs[0].shape
    if out is not None and out:
        data = merge_shapes(data, out[:-1])
    return [PartialType(data, ins[0].dtype), PartialType((p.input_dim, p.output_dim), dtype)], [
        PartialType(None if data is None else (*data, p.output_dim), dtype)
    ]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    outs[0][...] = xp.take(ins[1], positions(xp, ins[0], ins[1].shape[0], "clip"), axis=0)


def infer_backward(p: Params, ins: Types, outs: Types) -> Inferred:
    """The shape is given."""
    return list(ins), [PartialType((p.input_dim, p.output_dim), ins[0].dtype)]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Every dy to the row that was taken."""
    dy, data = ins
    rows, width = outs[0].shape
    index = positions(xp, data, rows, "clip").reshape(-1)
    outs[0][...] = add_rows(xp, (rows, width), index, dy.reshape(-1, width))


def gpu_backward(node: Node, device: Device) -> Recipe | None:
    """Sums in a fixed order, without atomics."""
    return _gather_cuda.rows_gradient(node, device, "clip")


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards the weight; indices have none."""
    if dy[0] is None:
        return [None, None]
    return [None, apply_node(BACKWARD, f"{node.name}_backward", (dy[0], node.inputs[0]), node.params)[0]]


BACKWARD = Op(
    "embedding_backward", infer_backward, {"reference": reference(run_backward), "cuda": gpu_backward}, params=Params,
    inputs=("dy", "data"),
)  # fmt: skip
OP = Op(
    "embedding", infer, array_code(run), params=Params, inputs=("data", "weight"),
    mxnet=("Embedding",), gradient=gradient,
)  # fmt: skip
