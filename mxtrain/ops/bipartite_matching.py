"""bipartite_matching: pairs of rows and columns, the best score first, each row and column in one pair at most.

Shapes:
    data (N..., R, C) -> rows (N..., R): the column of each; columns (N..., C): the row of each; -1: none

Source: MXNet's bipartite_matching.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of


@declare
class Params:
    """Parameters of bipartite_matching."""

    threshold: float = param(doc="scores must be above it (is_ascend: below it)")
    is_ascend: bool = param(False, doc="the least score is the best")
    topk: int = param(-1, doc="one pair more than this at most, as in MXNet 1.9.1; -1: any number")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Rows and columns from the scores."""
    shape, dtype = ins[0].shape, dtype_of(*ins, *outs)
    if shape is None:
        return [PartialType(None, dtype)], [PartialType(None, dtype)] * 2
    if len(shape) < 2:
        raise ShapeError(f"input 'data' must have the axes (N..., R, C), got {ins[0]}")
    return [PartialType(shape, dtype)], [PartialType(shape[:-1], dtype), PartialType((*shape[:-2], shape[-1]), dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward, matrix by matrix."""
    p: Params = node.params
    rows, columns = ins[0].shape[-2:]
    outs[0][...], outs[1][...] = -1, -1
    per_row, per_column = outs[0].reshape(-1, rows), outs[1].reshape(-1, columns)
    for scores, row, column in zip(ins[0].reshape(-1, rows * columns), per_row, per_column, strict=True):
        order = xp.argsort(scores if p.is_ascend else -scores, kind="stable")
        best = scores[order]
        good = order[best < p.threshold if p.is_ascend else best > p.threshold]
        pairs = 0
        for at in good.tolist():
            r, c = divmod(at, columns)
            if row[r] == -1 and column[c] == -1:
                row[r], column[c] = c, r
                pairs += 1
                if 0 < p.topk < pairs:
                    break


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """None."""
    return [None]


OP = Op(
    "bipartite_matching", infer, {"reference": reference(run)}, params=Params, outputs=("rows", "columns"), visible=2,
    mxnet=("_contrib_bipartite_matching",), gradient=gradient,
)  # fmt: skip
