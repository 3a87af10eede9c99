"""lesser_scalar: 1 where data is less than scalar, else 0, in the dtype of the data.

Shapes:
    data (any) -> output, same shape

Source: MXNet's _lesser_scalar.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import ScalarParams, elementwise, with_scalar

OP = elementwise(
    "lesser_scalar", with_scalar("less"), (None,), params=ScalarParams, mxnet=("_lesser_scalar", "_LesserScalar")
)
