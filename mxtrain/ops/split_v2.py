"""split_v2: cut a tensor along an axis, into so many parts or at given places.

Shapes:
    data (..., C, ...) -> sections of (..., C / sections, ...), the first of which have one more where C is no multiple;
    or, for indices (0, a, b), the parts [0:a], [a:b], [b:C]; squeeze_axis drops an axis of 1

Source: MXNet's split_v2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Entry, Node, Op, apply_node, variable
from mxtrain.ops._infer import Inferred, Types, common, dtype_of, normal_axis
from mxtrain.ops._move import moving_code


@declare
class Params:
    """Parameters of split_v2."""

    indices: tuple[int, ...] = param((), doc="where parts begin, the first at 0")
    axis: int = param(1, doc="the axis that is cut; negative: from the end")
    squeeze_axis: bool = param(False, doc="drop the axis where parts have 1 there")
    sections: int = param(
        0, ge=0, doc="number of parts that are as equal as can be; 0: `indices` says where they begin"
    )


@dataclass(frozen=True)
class Backward:
    """The forward's parameters and the shape of the whole."""

    forward: Params
    shape: Shape


def count(p: Params) -> int:
    """Number of parts."""
    return p.sections or max(len(p.indices), 1)


def bounds(p: Params, size: int) -> list[slice]:
    """The parts of an axis of this size.

    Raises:
        ShapeError: if there is nothing for a part, or their places are not in order.
    """
    if p.sections > size:
        raise ShapeError(f"axis {p.axis} of 'data' ({size}) is too short for {p.sections} sections")
    if p.sections:
        each, more = divmod(size, p.sections)
        starts = [k * each + min(k, more) for k in range(p.sections)]
    else:
        starts = list(p.indices) or [0]
        if starts[0] != 0 or any(a >= b for a, b in zip(starts, [*starts[1:], size], strict=True)):
            raise ShapeError(f"indices {p.indices} must begin with 0 and rise, below the {size} of axis {p.axis}")
    return [slice(a, b) for a, b in zip(starts, [*starts[1:], size], strict=True)]


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Parts from the whole; of the whole, from a part, all but the axis."""
    shape, dtype = ins[0].shape, dtype_of(ins[0], *outs)
    known = next((t.shape for t in outs if t.shape is not None), None)
    if shape is None and known is not None and not p.squeeze_axis:
        axis = normal_axis(p.axis, len(known))
        shape = (*known[:axis], None, *known[axis + 1 :])
    if shape is None:
        return [PartialType(None, dtype)], [PartialType(None, dtype)] * count(p)
    axis = normal_axis(p.axis, len(shape))
    size = shape[axis]
    sizes = [None] * count(p) if size is None else [s.stop - s.start for s in bounds(p, size)]
    if p.squeeze_axis and any(s not in (1, None) for s in sizes):
        raise ShapeError(f"squeeze_axis needs parts of 1 along axis {p.axis}, got {sizes}")
    parts = [(*shape[:axis], *(() if p.squeeze_axis else (s,)), *shape[axis + 1 :]) for s in sizes]
    return [PartialType(shape, dtype)], [PartialType(part, dtype) for part in parts]


def parts(x: Any, p: Params) -> list[Any]:
    """Views of the parts."""
    axis = normal_axis(p.axis, x.ndim)
    return [x[(*(slice(None),) * axis, where)] for where in bounds(p, x.shape[axis])]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    for out, part in zip(outs, parts(ins[0], node.params), strict=True):
        out[...] = part.reshape(out.shape)


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shape is known."""
    return list(ins), [PartialType(b.shape, common([PartialType(None, t.dtype) for t in ins]).dtype)]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Put the parts together."""
    for part, dy in zip(parts(outs[0], node.params.forward), ins, strict=True):
        part[...] = dy.reshape(part.shape)


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """The parts' gradients together; zeros for parts that have none."""
    if not any(dys):
        return [None]
    ins = [dy or variable(f"{node.name}_zeros{i}", node.types[i], "constant", 0.0) for i, dy in enumerate(dys)]
    return [apply_node(BACKWARD, f"{node.name}_backward", ins, Backward(node.params, node.inputs[0].type.shape))[0]]


BACKWARD = Op(
    "split_v2_backward", infer_backward, moving_code(run_backward), params=Backward,
    inputs=lambda b: tuple(f"dy{i}" for i in range(count(b.forward))), precision="follow",
)  # fmt: skip
OP = Op(
    "split_v2", infer, moving_code(run), params=Params,
    outputs=lambda p: tuple(f"output{i}" for i in range(count(p))) if count(p) > 1 else ("output",),
    visible=1 << 30, mxnet=("_split_v2",), gradient=gradient, precision="follow",
)  # fmt: skip
