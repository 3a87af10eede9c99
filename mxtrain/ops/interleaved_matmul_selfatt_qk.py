"""interleaved_matmul_selfatt_qk: the scores of self-attention, from queries, keys and values that lie interleaved.

Shapes:
    queries_keys_values (T, N, H 3 D) -> output (N H, T, T): queries times keys, over the root of D

Source: MXNet's _contrib_interleaved_matmul_selfatt_qk.
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
    steps, samples, _ = _heads.known(p, ins[0], "queries_keys_values", 3)
    return [PartialType(ins[0].shape, dtype)], [_heads.scores(p, (steps, steps), samples, dtype)]


def expand(node: Node) -> Sequence[Entry]:
    """A product of parts."""
    queries, keys = (_heads.part(node, 0, node.inputs[0], 3, at) for at in (0, 1))
    return [_heads.scored(node, queries, keys)]


OP = Op(
    "interleaved_matmul_selfatt_qk", infer, params=Params, inputs=("queries_keys_values",),
    mxnet=("_contrib_interleaved_matmul_selfatt_qk",), expand=expand,
)  # fmt: skip
