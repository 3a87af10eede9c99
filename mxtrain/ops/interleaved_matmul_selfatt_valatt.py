"""interleaved_matmul_selfatt_valatt: values by the weights of self-attention, from what lies interleaved.

Shapes:
    queries_keys_values (T, N, H 3 D), attention (N H, T, T) -> output (T, N, H D)

Source: MXNet's _contrib_interleaved_matmul_selfatt_valatt.
"""

from __future__ import annotations

from collections.abc import Sequence

from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops import _heads
from mxtrain.ops._heads import Params
from mxtrain.ops._infer import Inferred, Types, dtype_of


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Forward."""
    dtype = dtype_of(*ins, *outs)
    steps, samples, depth = _heads.known(p, ins[0], "queries_keys_values", 3)
    samples = _heads.first_known(samples, _heads.samples_of(p, ins[1]))
    width = None if depth is None else depth * p.heads
    want = [PartialType(ins[0].shape, dtype), _heads.scores(p, (steps, steps), samples, dtype)]
    return want, [PartialType((steps, samples, width), dtype)]


def expand(node: Node) -> Sequence[Entry]:
    """A product with a part."""
    return [_heads.weighted(node, node.inputs[1], _heads.part(node, 0, node.inputs[0], 3, 2))]


OP = Op(
    "interleaved_matmul_selfatt_valatt", infer, params=Params, inputs=("queries_keys_values", "attention"),
    mxnet=("_contrib_interleaved_matmul_selfatt_valatt",), expand=expand,
)  # fmt: skip
