"""sum: the sum over axes.

Shapes:
    data (S) -> output (S without the reduced axes, or with ones in their place); (1,) if none is left

Source: MXNet's sum.
"""

from __future__ import annotations

from mxtrain.backends.onednn import Algorithm
from mxtrain.ops._reduce import reduction, to_all

OP = reduction("sum", to_all, Algorithm.REDUCTION_SUM, mxnet=("sum", "sum_axis"))
