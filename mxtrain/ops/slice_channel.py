"""slice_channel: cut a tensor into equal parts along an axis.

Shapes:
    data (..., C, ...) -> num_outputs of (..., C / num_outputs, ...); squeeze_axis drops an axis of 1

Source: MXNet's SliceChannel (split).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.base.device import Device
from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, TensorType
from mxtrain.graph import Entry, Node, Op, Recipe, apply_node, variable
from mxtrain.ops._infer import Inferred, Types, common, dtype_of, normal_axis
from mxtrain.ops._move import moving_code, pieces, put_together


@declare
class Params:
    """Parameters of slice_channel."""

    num_outputs: int = param(ge=1, doc="number of parts")
    axis: int = param(1, doc="the axis that is cut")
    squeeze_axis: bool = param(False, doc="drop the axis if the parts have 1 there")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Parts from the whole, and the whole from any part."""
    part = common(outs)
    shape, dtype = ins[0].shape, dtype_of(ins[0], part)
    if shape is None and part.shape is not None:
        rank = len(part.shape) + p.squeeze_axis
        axis = normal_axis(p.axis, rank)
        inner = (*part.shape[:axis], 1, *part.shape[axis:]) if p.squeeze_axis else part.shape
        size = inner[axis]
        shape = (*inner[:axis], None if size is None else size * p.num_outputs, *inner[axis + 1 :])
    if shape is None:
        return [PartialType(None, dtype)], [PartialType(None, dtype)] * p.num_outputs
    axis = normal_axis(p.axis, len(shape))
    size = shape[axis]
    if size is not None and size % p.num_outputs:
        raise ShapeError(f"axis {p.axis} of 'data' ({size}) must be a multiple of num_outputs {p.num_outputs}")
    each = None if size is None else size // p.num_outputs
    if p.squeeze_axis and each not in (None, 1):
        raise ShapeError(f"squeeze_axis needs parts of 1 along axis {p.axis}, got {each}")
    middle = () if p.squeeze_axis else (each,)
    return [PartialType(shape, dtype)], [
        PartialType((*shape[:axis], *middle, *shape[axis + 1 :]), dtype)
    ] * p.num_outputs


def parts(x: Any, p: Params) -> list[Any]:
    """Views of the parts."""
    axis = normal_axis(p.axis, x.ndim)
    each = x.shape[axis] // p.num_outputs
    head = (slice(None),) * axis
    cuts = [slice(k * each, (k + 1) * each) for k in range(p.num_outputs)]
    return [x[(*head, cut)] for cut in cuts]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    for out, part in zip(outs, parts(ins[0], node.params), strict=True):
        out[...] = part.reshape(out.shape)


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Put the parts together."""
    for part, dy in zip(parts(outs[0], node.params.forward), ins, strict=True):
        part[...] = dy.reshape(part.shape)


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN's reorders."""
    return pieces(node, normal_axis(node.params.axis, len(node.inputs[0].type.shape)))


def fast_backward(node: Node, device: Device) -> Recipe | None:
    """Likewise."""
    return put_together(node, normal_axis(node.params.forward.axis, len(node.types[0].shape)))


@dataclass(frozen=True)
class Backward:
    """The forward's parameters and the shape of the whole."""

    forward: Params
    shape: tuple[int, ...]


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shape is known."""
    one = common(ins)
    return [one] * len(ins), [PartialType(b.shape, one.dtype)]


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """The parts' gradients together; zeros for parts that have none."""
    if not any(dys):
        return [None]
    ins = [dy or zeros(f"{node.name}_zeros{i}", node.types[i]) for i, dy in enumerate(dys)]
    return [apply_node(BACKWARD, f"{node.name}_backward", ins, Backward(node.params, node.inputs[0].type.shape))[0]]


def zeros(name: str, t: TensorType) -> Entry:
    """A constant of zeros."""
    return variable(name, t, "constant", 0.0)


BACKWARD = Op(
    "slice_channel_backward", infer_backward, {**moving_code(run_backward), "onednn": fast_backward}, params=Backward,
    inputs=lambda b: tuple(f"dy{i}" for i in range(b.forward.num_outputs)), layout="plain", precision="follow",
)  # fmt: skip
OP = Op(
    "slice_channel", infer, {**moving_code(run), "onednn": fast}, params=Params,
    outputs=lambda p: tuple(f"output{i}" for i in range(p.num_outputs)) if p.num_outputs > 1 else ("output",),
    visible=1 << 30, mxnet=("SliceChannel", "split"), gradient=gradient, precision="follow",
)  # fmt: skip
