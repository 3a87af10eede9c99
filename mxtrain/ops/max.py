"""max: the largest element over axes. Of several equal ones each gets the whole gradient.

Shapes:
    data (S) -> output (S without the reduced axes, or with ones in their place); (1,) if none is left

Source: MXNet's max.
"""

from __future__ import annotations

from mxtrain.backends.onednn import Algorithm
from mxtrain.ops._reduce import reduction, to_equals

OP = reduction("max", to_equals, Algorithm.REDUCTION_MAX, empty=False, mxnet=("max", "max_axis"), precision="follow")
