"""interleaved_matmul_encdec_valatt: values of another sequence by the weights of attention.

Shapes:
    keys_values (Tk, N, H 2 D), attention (N H, Tq, Tk) -> output (Tq, N, H D)

Source: MXNet's _contrib_interleaved_matmul_encdec_valatt.
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
    columns, samples, depth = _heads.known(p, ins[0], "keys_values", 2)
    samples = _heads.first_known(samples, _heads.samples_of(p, ins[1]))
    rows = None if ins[1].shape is None else ins[1].shape[1]
    width = None if depth is None else depth * p.heads
    want = [PartialType(ins[0].shape, dtype), _heads.scores(p, (rows, columns), samples, dtype)]
    return want, [PartialType((rows, samples, width), dtype)]


def expand(node: Node) -> Sequence[Entry]:
    """A product with a part."""
    return [_heads.weighted(node, node.inputs[1], _heads.part(node, 0, node.inputs[0], 2, 1))]


OP = Op(
    "interleaved_matmul_encdec_valatt", infer, params=Params, inputs=("keys_values", "attention"),
    mxnet=("_contrib_interleaved_matmul_encdec_valatt",), expand=expand,
)  # fmt: skip
