"""interleaved_matmul_encdec_qk: the scores of attention from one sequence to another.

Shapes:
    queries (Tq, N, H D), keys_values (Tk, N, H 2 D) -> output (N H, Tq, Tk): queries times keys, over the root of D

Source: MXNet's _contrib_interleaved_matmul_encdec_qk.
"""

from __future__ import annotations

from collections.abc import Sequence

from mxtrain.base.errors import ShapeError
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops import _heads
from mxtrain.ops._heads import Params
from mxtrain.ops._infer import Inferred, Types, dtype_of


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Forward.

    Raises:
        ShapeError: if the heads of both are not as wide.
    """
    dtype = dtype_of(*ins, *outs)
    rows, samples, depth = _heads.known(p, ins[0], "queries", 1)
    columns, others, wide = _heads.known(p, ins[1], "keys_values", 2)
    if depth is not None and wide is not None and depth != wide:
        raise ShapeError(f"'queries' {ins[0]} have {depth} numbers for each head, 'keys_values' {ins[1]} {wide}")
    samples = _heads.first_known(samples, others)
    width = None if wide is None and depth is None else _heads.first_known(depth, wide) * p.heads
    want = [(rows, samples, width), (columns, samples, None if width is None else 2 * width)]
    return [PartialType(s, dtype) for s in want], [_heads.scores(p, (rows, columns), samples, dtype)]


def expand(node: Node) -> Sequence[Entry]:
    """A product with a part."""
    queries = _heads.part(node, 0, node.inputs[0], 1, 0)
    return [_heads.scored(node, queries, _heads.part(node, 1, node.inputs[1], 2, 0))]


OP = Op(
    "interleaved_matmul_encdec_qk", infer, params=Params, inputs=("queries", "keys_values"),
    mxnet=("_contrib_interleaved_matmul_encdec_qk",), expand=expand,
)  # fmt: skip
