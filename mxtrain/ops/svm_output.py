"""svm_output: the data itself; its gradient is that of one support vector machine per class against all others.

Shapes:
    data (..., K), label (...) -> output, as data

With t = 1 for the label's class and -1 for every other: loss = c sum max(0, margin - t x)^2, or without the square
(use_linear), summed over the batch; c is regularization_coefficient.

Source: MXNet's SVMOutput; Tang, "Deep learning using linear support vector machines", 2013.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, merge_shapes
from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops._call import array_code, view
from mxtrain.ops._infer import Inferred, Types, dtype_of, same_type, statistics_dtype


@declare
class Params:
    """Parameters of svm_output."""

    margin: float = param(1.0, doc="how far on its side of 0 a value must be to cost nothing")
    regularization_coefficient: float = param(1.0, doc="factor of the gradient")
    use_linear: bool = param(False, doc="hinge loss; else its square")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """The label has all axes but the last."""
    shape, dtype = merge_shapes(ins[0].shape, outs[0].shape), dtype_of(ins[0], outs[0])
    if shape is not None and len(shape) < 2:
        raise ShapeError(f"input 'data' must have the axes (N..., K), got {PartialType(shape)}")
    label = None if shape is None else shape[:-1]
    data = PartialType(shape, dtype)
    return [data, PartialType(label, ins[1].dtype or statistics_dtype(dtype))], [data]


def sides(xp: Any, x: Any, label: Any) -> Any:
    """1 at the label's class, -1 elsewhere."""
    return xp.where(xp.arange(x.shape[-1]) == label[..., None].astype(xp.int64), 1, -1).astype(x.dtype)


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference gradient."""
    p: Params = node.params
    t = sides(xp, *ins)
    short = p.margin - t * ins[0]
    each = (short > 0) if p.use_linear else 2 * xp.maximum(short, 0)
    outs[0][...] = -p.regularization_coefficient * t * each


def run_loss(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """The loss that is differentiated."""
    p: Params = node.params
    short = xp.maximum(p.margin - sides(xp, *ins) * ins[0], 0)
    outs[0][...] = p.regularization_coefficient * (short if p.use_linear else short * short).sum()


def infer_backward(p: Params, ins: Types, outs: Types) -> Inferred:
    """As the data."""
    return list(ins), [ins[0]]


def infer_loss(p: Params, ins: Types, outs: Types) -> Inferred:
    """A scalar."""
    return list(ins), [PartialType((), statistics_dtype(ins[0].dtype))]


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Of the loss, whatever comes from above; the label has none."""
    return [apply_node(BACKWARD, f"{node.name}_backward", (node[0], node.inputs[1]), node.params)[0], None]


def loss(node: Node) -> Entry:
    """What is differentiated."""
    return apply_node(LOSS, f"{node.name}_loss", (node[0], node.inputs[1]), node.params)[0]


def at_eval(node: Node) -> Sequence[Entry]:
    """The data alone: no label is needed."""
    return [apply_node(SCORES, node.name, node.inputs[:1], node.params, node.origins, node.source)[0]]


INS = ("data", "label")
BACKWARD = Op("svm_output_backward", infer_backward, array_code(run_backward), params=Params, inputs=INS)
LOSS = Op("svm_output_loss", infer_loss, array_code(run_loss), params=Params, inputs=INS)
SCORES = Op("svm_output", same_type, {"reference": view()}, params=Params)
OP = Op(
    "svm_output", infer, {"reference": view()}, params=Params, inputs=INS, mxnet=("SVMOutput",), gradient=gradient,
    loss=loss, at_eval=at_eval,
)  # fmt: skip
