"""min: the smallest element over axes. Of several equal ones each gets the whole gradient.

Shapes:
    data (S) -> output (S without the reduced axes, or with ones in their place); (1,) if none is left

Source: MXNet's min.
"""

from __future__ import annotations

from mxtrain.backends.onednn import Algorithm
from mxtrain.ops._reduce import reduction, to_equals

OP = reduction("min", to_equals, Algorithm.REDUCTION_MIN, empty=False, mxnet=("min", "min_axis"), precision="follow")
