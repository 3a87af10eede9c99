"""batch_dot: the matrix products of two batches of matrices.

Shapes:
    lhs (B..., M, K), rhs (B..., K, N) -> output (B..., M, N)
    transpose_a: lhs (B..., K, M); transpose_b: rhs (B..., N, K)

Source: MXNet's batch_dot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mxtrain.base.device import Device
from mxtrain.base.errors import ShapeError
from mxtrain.base.types import Shape
from mxtrain.graph import Entry, Node, Op, Recipe
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types
from mxtrain.ops._matmul import Params, Sizes, fast_product, gpu_product, infer_products, product_gradient


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """Every axis stands in two of the three shapes; each is taken from wherever it is known."""
    for name, t in zip(("lhs", "rhs", "output"), (*ins, *outs), strict=True):
        if t.shape is not None and len(t.shape) < 3:
            raise ShapeError(f"{name!r} must have the axes (B..., rows, columns), got {t}")
    return infer_products(p, ins, outs)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    a = ins[0].swapaxes(-1, -2) if p.transpose_a else ins[0]
    b = ins[1].swapaxes(-1, -2) if p.transpose_b else ins[1]
    outs[0][...] = a @ b


def sizes(p: Params, lhs: Shape, out: Shape) -> Sizes:
    """All leading axes as one."""
    return Sizes(math.prod(out[:-2]), out[-2], lhs[-2] if p.transpose_a else lhs[-1], out[-1])


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN's matmul."""
    return fast_product(node, sizes(node.params, node.inputs[0].type.shape, node.types[0].shape))


def gpu(node: Node, device: Device) -> Recipe | None:
    """cuBLASLt's product."""
    return gpu_product(node, sizes(node.params, node.inputs[0].type.shape, node.types[0].shape), device)


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Both gradients are products of matrices."""
    return [None, None] if dy[0] is None else product_gradient(OP, node, dy[0], *node.inputs)


def flops(node: Node) -> int:
    """Two per element of either factor that an output element reads."""
    s = sizes(node.params, node.inputs[0].type.shape, node.types[0].shape)
    return 2 * s.batch * s.rows * s.inner * s.cols


OP = Op(
    "batch_dot", infer, {"reference": reference(run), "onednn": fast, "cuda": gpu}, params=Params,
    inputs=("lhs", "rhs"),
    mxnet=("batch_dot",), gradient=gradient, precision="narrow", flops=flops,
)  # fmt: skip
