"""softmin: exp(-x / t) / sum exp(-x / t) along an axis.

Shapes:
    data (any) -> output, same shape

Source: MXNet's softmin.
"""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.graph import Op
from mxtrain.ops._softmax import Softmax, along_axis, gradient, infer_axis, kernels


@declare
class Params:
    """Parameters of softmin."""

    axis: int = param(-1, doc="the axis that sums to one")
    temperature: float | None = param(None, gt=0, doc="what the input is divided by; none: 1")


def meaning(p: Params, rank: int) -> Softmax:
    """One axis, scaled, its sign turned."""
    return Softmax(along_axis(p, rank), -1 / (p.temperature or 1.0))


OP = Op(
    "softmin", infer_axis, kernels(meaning), params=Params, mxnet=("softmin",), gradient=gradient(meaning),
    layout="follow",
)  # fmt: skip
