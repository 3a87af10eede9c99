"""softmax_activation: softmax over the last axis, or at each position over the channels.

Shapes:
    instance: data (..., D) -> output, same shape; each row of D sums to one (of data (N, D), each sample)
    channel: data (N, C, S...) -> output, same shape; each position sums to one over C

Source: SoftmaxActivation as MXNet 1.9.1 computes it; its documentation says that instance is over a whole sample.
"""

from __future__ import annotations

from typing import Literal

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.graph import Op
from mxtrain.ops._infer import Inferred, Types, same_type
from mxtrain.ops._softmax import Softmax, gradient, kernels


@declare
class Params:
    """Parameters of softmax_activation."""

    mode: Literal["instance", "channel"] = param(
        "instance", doc="over the last axis, or over the channels of a position"
    )


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Same type, with the axes that the mode needs."""
    want_ins, want_outs = same_type(p, ins, outs)
    least, axes = (3, "(N, C, S...)") if p.mode == "channel" else (2, "(..., D)")
    shape = want_ins[0].shape
    if shape is not None and len(shape) < least:
        raise ShapeError(f"input 'data' must have the axes {axes} for mode {p.mode}, got {want_ins[0]}")
    return want_ins, want_outs


def meaning(p: Params, rank: int) -> Softmax:
    """The last axis, or the channels."""
    return Softmax((1,) if p.mode == "channel" else (rank - 1,))


OP = Op(
    "softmax_activation", infer, kernels(meaning), params=Params, mxnet=("SoftmaxActivation",),
    gradient=gradient(meaning), layout="follow",
)  # fmt: skip
