"""concat: tensors one after another along an axis.

Shapes:
    arg0 (..., C0, ...) .. argN (..., CN, ...) -> output (..., C0 + .. + CN, ...)

Source: MXNet's Concat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mxtrain.backends import onednn
from mxtrain.base.device import Device
from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.base.types import PartialShape, PartialType, Shape, merge_shapes
from mxtrain.graph import Entry, Node, Op, Recipe, apply_node
from mxtrain.ops._infer import Inferred, Types, dtype_of, normal_axis
from mxtrain.ops._move import bounds, moving_code, pieces


@declare
class Params:
    """Parameters of concat."""

    num_args: int = param(ge=1, doc="number of inputs")
    dim: int = param(1, doc="the axis along which they are joined; negative: counted from the end")


@dataclass(frozen=True)
class Backward:
    """The axis, and the shapes of the inputs."""

    axis: int
    shapes: tuple[Shape, ...]


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """All other axes are common; along `dim` the output from all inputs, or the one unknown input from the rest."""
    dtype = dtype_of(*ins, *outs)
    rank = next((len(t.shape) for t in (*ins, *outs) if t.shape is not None), None)
    if rank is None:
        return [PartialType(None, dtype)] * len(ins), [PartialType(None, dtype)]
    axis = normal_axis(p.dim, rank)
    others: PartialShape | None = None
    for name, t in zip((*(f"arg{i}" for i in range(len(ins))), "output"), (*ins, *outs), strict=True):
        if t.shape is None:
            continue
        open_shape = tuple(None if a == axis else d for a, d in enumerate(t.shape))
        try:
            others = merge_shapes(others, open_shape)
        except ShapeError:
            want = f"{PartialType(others)} but for axis {axis}"
            raise ShapeError(f"{name!r} must have the axes {want}, as those before it; got {t}") from None
    sizes = [None if t.shape is None else t.shape[axis] for t in (*ins, *outs)]
    known = sum(s for s in sizes[:-1] if s is not None)
    if sizes[-1] is None and None not in sizes[:-1]:
        sizes[-1] = known
    elif sizes[-1] is not None and sizes[:-1].count(None) == 1:
        if sizes[-1] < known:
            raise ShapeError(f"axis {axis} of the output ({sizes[-1]}) is less than that of the inputs ({known})")
        sizes[sizes.index(None)] = sizes[-1] - known
    elif sizes[-1] is not None and None not in sizes and sizes[-1] != known:
        raise ShapeError(f"axis {axis} of the output must be {known}, the sum of the inputs, got {sizes[-1]}")
    base = others or ()
    types = [PartialType((*base[:axis], s, *base[axis + 1 :]), dtype) for s in sizes]
    return types[:-1], types[-1:]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    axis = normal_axis(node.params.dim, outs[0].ndim)
    for x, where in zip(ins, bounds([x.shape[axis] for x in ins]), strict=True):
        outs[0][(slice(None),) * axis + (where,)] = x


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN's concat."""
    types, out = [e.type for e in node.inputs], node.types[0]
    if not onednn.available() or not onednn.supports(*types, out) or any(t.dtype != out.dtype for t in types):
        return None
    axis = normal_axis(node.params.dim, len(out.shape))
    pd = onednn.describe("concat", onednn.desc(out), axis, [onednn.desc(t) for t in types])
    if pd is None:
        return None
    return onednn.recipe(pd, node, {onednn.Arg.MULTIPLE_SRC + i: i for i in range(len(types))}, {onednn.Arg.DST: 0})


def infer_backward(b: Backward, ins: Types, outs: Types) -> Inferred:
    """The shapes are known."""
    return list(ins), [PartialType(shape, ins[0].dtype) for shape in b.shapes]


def run_backward(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Take the pieces apart."""
    axis = node.params.axis
    for out, where in zip(outs, bounds([out.shape[axis] for out in outs]), strict=True):
        out[...] = ins[0][(slice(None),) * axis + (where,)]


def fast_backward(node: Node, device: Device) -> Recipe | None:
    """oneDNN's reorder of each piece."""
    return pieces(node, node.params.axis)


def gradient(node: Node, dys: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """To each input its piece."""
    if dys[0] is None:
        return [None] * len(node.inputs)
    axis = normal_axis(node.params.dim, len(node.types[0].shape))
    b = Backward(axis, tuple(e.type.shape for e in node.inputs))
    back = apply_node(BACKWARD, f"{node.name}_backward", (dys[0],), b)
    return [back[i] for i in range(len(node.inputs))]


BACKWARD = Op(
    "concat_backward", infer_backward, {**moving_code(run_backward), "onednn": fast_backward}, params=Backward,
    inputs=("dy",), outputs=lambda b: tuple(f"darg{i}" for i in range(len(b.shapes))), layout="follow",
    precision="follow",
)  # fmt: skip
OP = Op(
    "concat", infer, {**moving_code(run), "onednn": fast}, params=Params, mxnet=("Concat", "concat"),
    inputs=lambda p: tuple(f"arg{i}" for i in range(p.num_args)), gradient=gradient, variadic=True, layout="follow",
    precision="follow",
)  # fmt: skip
