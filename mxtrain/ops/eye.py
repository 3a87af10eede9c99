"""eye: a matrix of zeros with ones on a diagonal.

Shapes:
    -> output (N, M); M of 0: (N, N)

Source: MXNet's _eye.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Node, Op
from mxtrain.ops._call import reference
from mxtrain.ops._constants import DType, nothing
from mxtrain.ops._infer import Inferred, Types


@declare
class Params:
    """Parameters of eye."""

    N: int = param(ge=1, doc="rows")
    M: int = param(0, ge=0, doc="columns; 0: as many as rows")
    k: int = param(0, doc="which diagonal: above the main one; negative: below it")
    dtype: DType = param("float32", doc="type of the elements")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """As given."""
    return [], [PartialType((p.N, p.M or p.N), p.dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    rows, columns = outs[0].shape
    outs[0][...] = xp.arange(rows)[:, None] + node.params.k == xp.arange(columns)


OP = Op("eye", infer, {"reference": reference(run)}, params=Params, inputs=(), mxnet=("_eye",), gradient=nothing)
