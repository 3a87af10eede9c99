"""linalg_gemm: the products of matrices, times a number, and others added, times another.

Shapes:
    A (B..., M, K), B (B..., K, N), C (B..., M, N) -> output (B..., M, N) = alpha A B + beta C
    transpose_a: A (B..., K, M); transpose_b: B (B..., N, K)

Source: MXNet's linalg_gemm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mxtrain.base.params import declare, param
from mxtrain.graph import Entry, Node, Op, apply
from mxtrain.ops import _gemm, _matmul
from mxtrain.ops._call import reference
from mxtrain.ops._infer import Inferred, Types, common
from mxtrain.ops._pointwise import pointwise_op


@declare
class Params:
    """Parameters of linalg_gemm."""

    transpose_a: bool = param(False, doc="A is given transposed")
    transpose_b: bool = param(False, doc="B is given transposed")
    alpha: float = param(1.0, doc="factor of the product")
    beta: float = param(1.0, doc="factor of C")
    axis: int = param(-2, ge=-2, le=-2, doc="the axis of the rows; always the last but one")


@declare
class Factor:
    """A number."""

    beta: float = param(doc="the number")


def infer(p: Params, ins: Types, outs: Types) -> Inferred:
    """As every product; C is like the output."""
    factors, (out,) = _gemm.infer(p, ins[:2], [common([ins[2], *outs])])
    return [*factors, out], [out]


def run(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    """Reference forward."""
    p: Params = node.params
    outs[0][...] = p.alpha * _gemm.multiplied(p, xp, *ins[:2]) + p.beta * ins[2]


def run_scaled(params: Factor, xp: Any, out: Any, dy: Any) -> None:
    """dC = beta dy."""
    xp.multiply(dy, params.beta, out=out)


def gradient(node: Node, dy: Sequence[Entry | None]) -> Sequence[Entry | None]:
    """Products towards the factors, and dy times a number towards C."""
    p: Params = node.params
    if dy[0] is None:
        return [None, None, None]
    factors = _matmul.product_gradient(_gemm.PRODUCT, node, dy[0], *node.inputs[:2], alpha=p.alpha)
    return [*factors, apply(SCALED, f"{node.name}_backward_C", dy[0], beta=p.beta)]


SCALED = pointwise_op("linalg_gemm_backward", run_scaled, inputs=("dy",), params=Factor, alias=True)
OP = Op(
    "linalg_gemm", infer, {"reference": reference(run)}, params=Params, inputs=("A", "B", "C"),
    mxnet=("_linalg_gemm", "linalg_gemm"), gradient=gradient, precision="narrow", flops=_gemm.flops,
)  # fmt: skip
