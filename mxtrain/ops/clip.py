"""clip: each element brought into [a_min, a_max].

Shapes:
    data (any) -> output, same shape

Source: MXNet's clip.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mxtrain.backends import onednn
from mxtrain.base.device import Device
from mxtrain.base.params import declare, param
from mxtrain.graph import Call, Node, Recipe
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


def fast_backward(node: Node, device: Device) -> Recipe | None:
    """oneDNN's comparisons, which give 0 or 1: (data >= a_min) * dy, and that times (data <= a_max)."""
    t, p = node.types[0], node.params
    if not onednn.available() or not onednn.supports(t) or any(e.type != t for e in node.inputs):
        return None
    a, f, md = onednn.Arg, onednn.Algorithm, onednn.desc(t)
    bound = onednn.strided((1,) * len(t.shape), "float32", (1,) * len(t.shape))
    attr = onednn.attributes(("binary", f.MUL, md))
    pds = [onednn.describe("binary", compare, md, bound, md, attr=attr) for compare in (f.GE, f.LE)]
    first, second = pds
    if first is None or second is None or first.scratchpad or second.scratchpad:
        return None
    bounds = [np.array([value], np.float32) for value in (p.a_min, p.a_max)]

    def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
        dy, data = ins
        shared: dict[int, Any] = {a.SRC: data, a.DST: outs[0]}
        low = onednn.prepared(first, {**shared, a.SRC_1: bounds[0], a.POST_OP_BASE | a.SRC_1: dy})
        high = onednn.prepared(second, {**shared, a.SRC_1: bounds[1], a.POST_OP_BASE | a.SRC_1: outs[0]})
        return onednn.run_calls, ((low, high),)

    return Recipe(prepare, f"onednn:{first.implementation}", inplace=((0, 0),))


OP = elementwise(
    "clip",
    run,
    (Slope(backward, ("data",), alias=False, fast=fast_backward),),
    params=Params,
    mxnet=("clip",),
    eltwise=lambda p: "relu6" if (p.a_min, p.a_max) == (0, 6) else None,
    native=eltwise(onednn.Algorithm.CLIP_V2, lambda p: (p.a_min, p.a_max)),
)
