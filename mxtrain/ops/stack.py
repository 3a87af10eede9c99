"""stack: tensors side by side along a new axis.

Shapes:
    arg0 (A..., B...) .. argN (A..., B...) -> output (A..., N + 1, B...): `axis` says where the new axis stands

Source: MXNet's stack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialType
from mxtrain.graph import Entry, Node, Op, apply_node
from mxtrain.ops._infer import Inferred, Types, common, dtype_of, normal_axis
from mxtrain.ops._move import moving_code


@declare
class Params:
    """Parameters of stack."""

    num_args: int = param(ge=1, doc="number of inputs")
    axis: int = param(0, doc="the new axis, counted in the output; negative: from the end")


@dataclass(frozen=True)
class Backward:
    """The axis counted from the front, and how many inputs there are."""

    axis: int
    count: int


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """All inputs are alike; either side from the other."""
    one, out = common(ins), outs[0].shape
    dtype = dtype_of(one, outs[0])
    if out is not None:
        axis = normal_axis(p.axis, len(out))
        if out[axis] not in (p.num_args, None):
            raise ShapeError(f"axis {p.axis} of the output must be {p.num_args}, one for each input, got {outs[0]}")
        one = common([one, PartialType((*out[:axis], *out[axis + 1 :]))])
    if one.shape is None:
        return [PartialType(None, dtype)] * len(ins), [PartialType(None, dtype)]
    axis = normal_axis(p.axis, len(one.shape) + 1)
    made = (*one.shape[:axis], p.num_args, *one.shape[axis:])
    return [PartialType(one.shape, dtype)] * len(ins), [PartialType(made, dtype)]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    head = (slice(None),) * normal_axis(node.params.axis, outs[0].ndim)
    for k, x in enumerate(ins):
        outs[0][(*head, k)] = x


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The axis goes."""
    shape, dtype = ins[0].shape, ins[0].dtype
    part = None if shape is None else (*shape[: b.axis], *shape[b.axis + 1 :])
    return list(ins), [PartialType(part, dtype)] * b.count


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """To each input its piece."""
    head = (slice(None),) * node.params.axis
    for k, out in enumerate(outs):
        out[...] = ins[0][(*head, k)]


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """To each input its piece."""
    if dys[0] is None:
        return [None] * len(node.inputs)
    b = Backward(normal_axis(node.params.axis, len(node.types[0].shape)), len(node.inputs))
    back = apply_node(BACKWARD, f"{node.name}_backward", (dys[0],), b)
    return [back[i] for i in range(len(node.inputs))]


BACKWARD = Op(
    "stack_backward", infer_backward, moving_code(run_backward), params=Backward, inputs=("dy",),
    outputs=lambda b: tuple(f"darg{i}" for i in range(b.count)), precision="follow",
)  # fmt: skip
OP = Op(
    "stack", infer, moving_code(run), params=Params, inputs=lambda p: tuple(f"arg{i}" for i in range(p.num_args)),
    mxnet=("stack",), gradient=gradient, variadic=True, precision="follow",
)  # fmt: skip
