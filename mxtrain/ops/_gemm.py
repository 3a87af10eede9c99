"""Scaled products of matrices, of any number of axes: what operators make of them, and gradients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mxtrain.base.device import Device
from mxtrain.base.errors import ShapeError
from mxtrain.base.params import declare, param
from mxtrain.graph import Entry, Node, Op, Recipe
from mxtrain.ops import _matmul
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types


@declare
class Params:
    """Parameters of a scaled product."""

    transpose_a: bool = param(False, doc="A is given transposed")
    transpose_b: bool = param(False, doc="B is given transposed")
    alpha: float = param(1.0, doc="factor of the product")
    axis: int = param(-2, ge=-2, le=-2, doc="the axis of the rows; always the last but one")


def infer(p: Any, ins: Types, outs: Types) -> Inferred:
    """As every product.

    Raises:
        ShapeError: if the inputs are no matrices.
    """
    for name, t in zip(("A", "B", "output"), (*ins, *outs), strict=True):
        if t.shape is not None and len(t.shape) < 2:
            raise ShapeError(f"{name!r} must have the axes (B..., rows, columns), got {t}")
    return _matmul.infer_products(p, ins, outs, ("A", "B"))


def multiplied(p: Any, xp: Any, a: Any, b: Any) -> Any:
    """The product, transposed as asked, without its factor."""
    return (a.swapaxes(-1, -2) if p.transpose_a else a) @ (b.swapaxes(-1, -2) if p.transpose_b else b)


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    outs[0][...] = node.params.alpha * multiplied(node.params, xp, *ins)


def sizes(node: Node) -> _matmul.Sizes:
    """All leading axes as one."""
    lhs, out = node.inputs[0].type.shape, node.types[0].shape
    return _matmul.Sizes(math.prod(out[:-2]), out[-2], lhs[-2 if node.params.transpose_a else -1], out[-1])


def fast(node: Node, device: Device) -> Recipe | None:
    """oneDNN's matmul, which has no factor."""
    return _matmul.fast_product(node, sizes(node)) if node.params.alpha == 1 else None


def gpu(node: Node, device: Device) -> Recipe | None:
    """cuBLASLt's product."""
    return _matmul.gpu_product(node, sizes(node), device) if node.params.alpha == 1 else None


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Both gradients are scaled products."""
    if dy[0] is None:
        return [None, None]
    return _matmul.product_gradient(PRODUCT, node, dy[0], *node.inputs, alpha=node.params.alpha)


def flops(node: Node) -> int:
    """Two per element of either factor that an output element reads."""
    s = sizes(node)
    return 2 * s.batch * s.rows * s.inner * s.cols


def product(name: str, mxnet: tuple[str, ...] = ()) -> Op:
    """The operator of scaled products."""
    return Op(
        name, infer, {"reference": reference(run), "onednn": fast, "cuda": gpu}, params=Params, inputs=("A", "B"),
        mxnet=mxnet, gradient=gradient, precision="narrow", flops=flops,
    )  # fmt: skip


PRODUCT = product("product")
