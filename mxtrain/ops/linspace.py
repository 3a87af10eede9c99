"""linspace: numbers at equal distances from start to stop.

Shapes:
    -> output (num,)

Source: MXNet's _linspace.
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
    """Parameters of linspace."""

    start: float = param(doc="the first number")
    stop: float = param(doc="the last number")
    num: int = param(ge=1, doc="how many there are")
    endpoint: bool = param(True, doc="`stop` is the last of them; else it would be the next")
    dtype: DType = param("float32", doc="type of the elements")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """As given."""
    return [], [PartialType((p.num,), p.dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    gaps = max(p.num - 1 if p.endpoint else p.num, 1)
    outs[0][...] = p.start + (p.stop - p.start) / gaps * xp.arange(p.num)


OP = Op(
    "linspace", infer, {"reference": reference(run)}, params=Params, inputs=(), mxnet=("_linspace",), gradient=nothing
)
