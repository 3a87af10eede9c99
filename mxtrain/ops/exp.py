"""exp: e to the power of each element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's exp.
"""

from __future__ import annotations

from mxtrain.backends import onednn
from mxtrain.ops._elementwise import Slope, elementwise, fast_eltwise, times, ufunc

OP = elementwise(
    "exp",
    ufunc("exp"),
    (Slope(times, ("output",)),),
    mxnet=("exp",),
    kernels={"onednn": fast_eltwise(onednn.Algorithm.EXP)},
)
