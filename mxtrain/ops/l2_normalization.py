"""l2_normalization: divide by the Euclidean norm, y = x / sqrt(sum x^2 + eps).

Shapes:
    data (N, D...) -> output, same shape; hidden: norm, with 1 on the axes that are summed over
    instance: sums over all axes but N; channel (N, C, S...): over C; spatial (N, C, S...): over S...

Source: MXNet's L2Normalization.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, merge_shapes
from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, dtype_of


@declare
class Params:
    """Parameters of l2_normalization."""

    eps: float = param(1e-10, ge=0, doc="added to the sum of squares")
    mode: Literal["instance", "channel", "spatial"] = param("instance", doc="what has norm 1")


def reduced(p: Params, rank: int) -> tuple[int, ...]:
    """The axes that are summed over."""
    if p.mode == "channel":
        return (1,)
    return tuple(range(2 if p.mode == "spatial" else 1, rank))


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Same type; the norm has 1 where the data is summed over."""
    shape, dtype = merge_shapes(ins[0].shape, outs[0].shape), dtype_of(ins[0], outs[0])
    norm = None
    if shape is not None:
        least, axes = (1, "(N, D...)") if p.mode == "instance" else (3, "(N, C, S...)")
        if len(shape) < least:
            raise ShapeError(f"input 'data' must have the axes {axes} for mode {p.mode}, got {PartialType(shape)}")
        sums = reduced(p, len(shape))
        norm = tuple(1 if i in sums else d for i, d in enumerate(shape))
    return [PartialType(shape, dtype)], [PartialType(shape, dtype), PartialType(norm, dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    xp.sqrt((ins[0] * ins[0]).sum(axis=reduced(p, ins[0].ndim), keepdims=True) + p.eps, out=outs[1])
    xp.divide(ins[0], outs[1], out=outs[0])


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """dx = (dy - y sum(dy y)) / norm."""
    dy, y, norm = ins
    along = (dy * y).sum(axis=reduced(node.params, y.ndim), keepdims=True)
    outs[0][...] = (dy - y * along) / norm


def infer_backward(p: Params, ins: Types, outs: Types) -> Inferred:
    """As the output's gradient."""
    return list(ins), [ins[0]]


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Towards the data, from the output and the norm."""
    if dys[0] is None:
        return [None]
    return [apply_node(BACKWARD, f"{node.name}_backward", (dys[0], node[0], node[1]), node.params)[0]]


BACKWARD = Op(
    "l2_normalization_backward", infer_backward, array_code(run_backward), params=Params,
    inputs=("dy", "y", "norm"), layout="follow",
)  # fmt: skip
OP = Op(
    "l2_normalization", infer, array_code(run), params=Params, outputs=("output", "norm"),
    mxnet=("L2Normalization",), gradient=gradient, layout="follow",
)  # fmt: skip
