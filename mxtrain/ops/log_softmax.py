"""log_softmax: the logarithm of the softmax along an axis, x / t - log sum exp(x / t).

Shapes:
    data (any) -> output, same shape

Source: MXNet's log_softmax.
"""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.graph import Op
from mxtrain.ops._softmax import Softmax, along_axis, gradient, infer_axis, kernels


@declare
class Params:
    """Parameters of log_softmax."""

    axis: int = param(-1, doc="the axis whose exponentials sum to one")
    temperature: float | None = param(None, gt=0, doc="what the input is divided by; none: 1")


def meaning(p: Params, rank: int) -> Softmax:
    """One axis, scaled."""
    return Softmax(along_axis(p, rank), 1 / (p.temperature or 1.0), log=True)


OP = Op(
    "log_softmax", infer_axis, kernels(meaning), params=Params, mxnet=("log_softmax",), gradient=gradient(meaning),
    layout="follow",
)  # fmt: skip
