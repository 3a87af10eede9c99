"""dot: the matrix product, or the sum over the last axis of one tensor and the first of another.

Shapes:
    lhs (L..., K), rhs (K, R...) -> output (L..., R...); (1,) for two vectors
    transpose_a: lhs (K, L...); transpose_b: rhs (R..., K)

Source: MXNet's dot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mxtrain.base.device import Device
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import PartialShape, PartialType, Shape
from mxtrain.graph import Entry, Node, Op, Recipe
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, dtype_of
from mxtrain.ops._matmul import Params, Sizes, fast_product, gpu_product, product_gradient
from mxtrain.ops._reshaped import reshaped


def apart(shape: PartialShape, first: bool) -> tuple[int | None, PartialShape]:
    """(the axis that is summed over, the others)."""
    return (shape[0], shape[1:]) if first else (shape[-1], shape[:-1])


def together(inner: int | None, rest: PartialShape, first: bool) -> PartialShape:
    """The way back from `apart`."""
    return (inner, *rest) if first else (*rest, inner)


def merged(a: int | None, b: int | None) -> int | None:
    """What either dimension says."""
    return b if a is None else a


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """The output from the inputs, and what they have in common; other axes in both directions."""
    dtype = dtype_of(*ins, *outs)
    for name, t in zip(("lhs", "rhs"), ins, strict=True):
        if t.shape == ():
            raise ShapeError(f"input {name!r} must have at least one axis, got {t}")
    lhs, rhs, out = ins[0].shape, ins[1].shape, outs[0].shape
    if lhs is None or rhs is None:
        return [PartialType(lhs, dtype), PartialType(rhs, dtype)], [PartialType(None, dtype)]
    if len(lhs) == len(rhs) == 1 and (p.transpose_a or p.transpose_b):
        raise ShapeError("two vectors cannot be transposed")
    (k, left), (j, right) = apart(lhs, p.transpose_a), apart(rhs, not p.transpose_b)
    if None not in (k, j) and k != j:
        raise ShapeError(f"the axes summed over must be equal, got {k} of 'lhs' {ins[0]} and {j} of 'rhs' {ins[1]}")
    inner = merged(k, j)
    if out is not None and len(out) == len(left) + len(right):
        left = tuple(merged(d, o) for d, o in zip(left, out[: len(left)], strict=True))
        right = tuple(merged(d, o) for d, o in zip(right, out[len(left) :], strict=True))
    return [
        PartialType(together(inner, left, p.transpose_a), dtype),
        PartialType(together(inner, right, not p.transpose_b), dtype),
    ], [PartialType((*left, *right) or (1,), dtype)]


def sizes(p: Params, lhs: Shape, rhs: Shape) -> Sizes:
    """Both factors as matrices."""
    inner = lhs[0] if p.transpose_a else lhs[-1]
    left, right = (lhs[1:] if p.transpose_a else lhs[:-1]), (rhs[:-1] if p.transpose_b else rhs[1:])
    return Sizes(1, math.prod(left), inner, math.prod(right))


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    s = sizes(p, ins[0].shape, ins[1].shape)
    a = ins[0].reshape(s.inner, s.rows).T if p.transpose_a else ins[0].reshape(s.rows, s.inner)
    b = ins[1].reshape(s.cols, s.inner).T if p.transpose_b else ins[1].reshape(s.inner, s.cols)
    outs[0][...] = (a @ b).reshape(outs[0].shape)


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN's matmul."""
    return fast_product(node, sizes(node.params, node.inputs[0].type.shape, node.inputs[1].type.shape))


def gpu(node: Node, device: Device) -> Recipe | None:
    """cuBLASLt's product."""
    return gpu_product(node, sizes(node.params, node.inputs[0].type.shape, node.inputs[1].type.shape), device)


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Both gradients are products of matrices."""
    if dy[0] is None:
        return [None, None]
    p: Params = node.params
    s = sizes(p, node.inputs[0].type.shape, node.inputs[1].type.shape)

    def flat(name: str, e: Entry, shape: Shape) -> Entry:
        return e if e.type.shape == shape else reshaped(f"{node.name}_{name}", e, shape)

    a = flat("lhs", node.inputs[0], (s.inner, s.rows) if p.transpose_a else (s.rows, s.inner))
    b = flat("rhs", node.inputs[1], (s.cols, s.inner) if p.transpose_b else (s.inner, s.cols))
    da, db = product_gradient(OP, node, flat("dy", dy[0], (s.rows, s.cols)), a, b)
    return [
        flat("backward_lhs_shape", da, node.inputs[0].type.shape),
        flat("backward_rhs_shape", db, node.inputs[1].type.shape),
    ]


def flops(node: Node) -> int:
    """Two per element of either factor that an output element reads."""
    s = sizes(node.params, node.inputs[0].type.shape, node.inputs[1].type.shape)
    return 2 * s.rows * s.inner * s.cols


OP = Op(
    "dot", infer, {"reference": reference(run), "onednn": fast, "cuda": gpu}, params=Params,
    inputs=("lhs", "rhs"),
    mxnet=("dot",), gradient=gradient, precision="narrow", flops=flops,
)  # fmt: skip
