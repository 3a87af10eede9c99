"""mean: the mean over axes.

Shapes:
    data (S) -> output (S without the reduced axes, or with ones in their place); (1,) if none is left

Source: MXNet's mean.
"""

from __future__ import annotations

from mxtrain.backends.onednn import Algorithm
from mxtrain.ops._reduce import reduction, to_shares

OP = reduction("mean", to_shares, Algorithm.REDUCTION_MEAN, empty=False, mxnet=("mean",))
