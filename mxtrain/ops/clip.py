"""clip: each element brought into [a_min, a_max].

Shapes:
    data (any) -> output, same shape

Source: MXNet's clip.
"""

from __future__ import annotations

from typing import Any

from mxtrain.backends import onednn
from mxtrain.base.params import declare, param
from mxtrain.ops._elementwise import Slope, elementwise
from mxtrain.ops._native import eltwise


@declare
class Params:
    """Parameters of clip."""

    a_min: float = param(doc="smallest value of the result")
    a_max: float = param(doc="largest value of the result")


def run(params: Any, xp: Any, out: Any, data: Any) -> None:
    """out = min(max(data, a_min), a_max)."""
    xp.maximum(data, data.dtype.type(params.a_min), out=out)
    xp.minimum(out, data.dtype.type(params.a_max), out=out)


def backward(params: Any, xp: Any, out: Any, dy: Any, data: Any) -> None:
    """dx = dy where data was within the bounds, those included."""
    xp.multiply(dy, data >= data.dtype.type(params.a_min), out=out)
    xp.multiply(out, data <= data.dtype.type(params.a_max), out=out)


OP = elementwise(
    "clip",
    run,
    (Slope(backward, ("data",), alias=False),),
    params=Params,
    mxnet=("clip",),
    native=eltwise(onednn.Algorithm.CLIP_V2, lambda p: (p.a_min, p.a_max)),
)
