"""exp: e to the power of each element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's exp.
"""

from __future__ import annotations

from mxtrain.backends import onednn
from mxtrain.ops._elementwise import Slope, elementwise, times, ufunc
from mxtrain.ops._native import eltwise

OP = elementwise(
    "exp",
    ufunc("exp"),
    (Slope(times, ("output",)),),
    mxnet=("exp",),
    native=eltwise(onednn.Algorithm.EXP),
)
