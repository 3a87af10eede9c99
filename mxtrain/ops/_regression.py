"""Regression outputs: heads that show a prediction and emit the gradient of its distance from the label.

With n = values per sample: dx = error(prediction, label) * grad_scale / n, summed over the batch, whatever comes from
above. The label has the data's number of values per sample, in any shape.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialShape, PartialType, merge_shapes
from mxtrain.graph import Entry, Kernel, Node, Op, apply_node
from mxtrain.ops._call import array_code
from mxtrain.ops._infer import Inferred, Types, dtype_of, same_type, statistics_dtype

Function = Callable[[Any, Any, Any], Any]
"""``(xp, values, label)``: element by element."""


@declare
class Params:
    """Parameters of a regression output."""

    grad_scale: float = param(1.0, doc="factor of the gradient")


@dataclass(frozen=True)
class Scaled:
    """The factor of gradient and loss."""

    scale: float


def label_shape(label: PartialShape | None, shape: PartialShape) -> PartialShape:
    """The shape of the label: as given if it holds as many values, else the data's; (N,) where the data is (N, 1).

    Raises:
        ShapeError: if it holds more or fewer values per sample than the data.
    """
    if label is None:
        return shape[:1] if len(shape) == 2 and shape[1] == 1 else shape
    if None not in label and None not in shape:
        sizes = [math.prod(d or 0 for d in s) for s in (label, shape)]
        if label[:1] != shape[:1] or sizes[0] != sizes[1]:
            raise ShapeError(f"input 'label' must hold as many values per sample as 'data' {PartialType(shape)}, "
                             f"got {PartialType(label)}")  # fmt: skip
    return label


def infer(p: Any, ins: Types, outs: Types) -> Inferred:
    """The output as the data; the label from the data unless it is known."""
    shape, dtype = merge_shapes(ins[0].shape, outs[0].shape), dtype_of(ins[0], outs[0])
    if shape == ():
        raise ShapeError("input 'data' must have the axes (N, D...), got a scalar")
    label = ins[1].shape if shape is None else label_shape(ins[1].shape, shape)
    data = PartialType(shape, dtype)
    return [data, PartialType(label, ins[1].dtype or statistics_dtype(dtype))], [data]


def infer_backward(p: Scaled, ins: Types, outs: Types) -> Inferred:
    """As the data."""
    return list(ins), [ins[0]]


def infer_loss(p: Scaled, ins: Types, outs: Types) -> Inferred:
    """A scalar."""
    return list(ins), [PartialType((), statistics_dtype(ins[0].dtype))]


def scaled(node: Node) -> Scaled:
    """grad_scale over the values per sample."""
    label = node.inputs[1].type
    return Scaled(node.params.grad_scale * label.shape[0] / max(label.size, 1))


def regression(name: str, mxnet: str, kernels: dict[str, Kernel], error: Function, distance: Function) -> Op:
    """A regression output.

    Args:
        kernels: from data to prediction.
        error: of (prediction, label): the derivative of the distance by the data.
        distance: of (data, label): what the loss sums.
    """

    def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
        xp.multiply(error(xp, ins[0], ins[1].reshape(ins[0].shape)), node.params.scale, out=outs[0])

    def run_loss(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
        outs[0][...] = distance(xp, ins[0], ins[1].reshape(ins[0].shape)).sum() * node.params.scale

    backward = Op(
        f"{name}_backward", infer_backward, array_code(run_backward), params=Scaled,
        inputs=("prediction", "label"),
    )  # fmt: skip
    total = Op(f"{name}_loss", infer_loss, array_code(run_loss), params=Scaled, inputs=("data", "label"))
    alone = Op(name, same_type, kernels, params=Params)

    def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
        return [apply_node(backward, f"{node.name}_backward", (node[0], node.inputs[1]), scaled(node))[0], None]

    def loss(node: Node) -> Entry:
        return apply_node(total, f"{node.name}_loss", node.inputs, scaled(node))[0]

    def at_eval(node: Node) -> Sequence[Entry]:
        return [apply_node(alone, node.name, node.inputs[:1], node.params, node.origins, node.source)[0]]

    return Op(
        name, infer, kernels, params=Params, inputs=("data", "label"), mxnet=(mxnet,), gradient=gradient, loss=loss,
        at_eval=at_eval,
    )  # fmt: skip
