"""make_loss: makes a loss of any data: the data itself, with a constant as its gradient.

Shapes:
    data (..., D) -> output, same shape

The gradient is grad_scale (normalization null), divided by the number of rows of D (batch) or by the number of elements
above valid_thresh, at least 1 (valid), whatever comes from above.

Source: MakeLoss as MXNet 1.9.1 computes it: rows are samples where data is (N, D); data (N,) is one row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops._call import array_code, view
from mxtrain.ops._infer import Inferred, Types, same_type, statistics_dtype


@declare
class Params:
    """Parameters of make_loss."""

    grad_scale: float = param(1.0, doc="factor of the gradient")
    valid_thresh: float = param(0.0, doc="elements above it are valid")
    normalization: Literal["null", "batch", "valid"] = param("null", doc="what the gradient is divided by")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Same type."""
    want_ins, want_outs = same_type(p, ins, outs)
    if p.normalization == "batch" and want_ins[0].shape == ():
        raise ShapeError("input 'data' must have the axes (..., D) for normalization batch, got a scalar")
    return want_ins, want_outs


def scale(p: Params, xp: Any, x: Any) -> float:
    """The gradient of every element."""
    if p.normalization == "valid":
        return p.grad_scale / max(int((x > p.valid_thresh).sum()), 1)
    return p.grad_scale * x.shape[-1] / x.size if p.normalization == "batch" else p.grad_scale


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference gradient."""
    outs[0][...] = scale(node.params, xp, ins[0])


def run_loss(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """The sum, scaled as the gradient is."""
    outs[0][...] = ins[0].sum() * scale(node.params, xp, ins[0])


def infer_loss(p: Params, ins: Types, outs: Types) -> Inferred:
    """A scalar."""
    return list(ins), [PartialType((), statistics_dtype(ins[0].dtype))]


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """A constant."""
    return [apply_node(BACKWARD, f"{node.name}_backward", (node[0],), node.params)[0]]


def loss(node: Node) -> Entry:
    """What is differentiated."""
    return apply_node(LOSS, f"{node.name}_loss", (node[0],), node.params)[0]


BACKWARD = Op("make_loss_backward", same_type, array_code(run_backward), params=Params)
LOSS = Op("make_loss_loss", infer_loss, array_code(run_loss), params=Params)
OP = Op(
    "make_loss", infer, {"reference": view()}, params=Params, mxnet=("MakeLoss", "make_loss"), gradient=gradient,
    loss=loss,
)  # fmt: skip
