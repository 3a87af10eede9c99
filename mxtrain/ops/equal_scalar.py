"""equal_scalar: 1 where data is equal to scalar, else 0, in the dtype of the data.

Shapes:
    data (any) -> output, same shape

Source: MXNet's _equal_scalar.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import ScalarParams, elementwise, with_scalar

OP = elementwise(
    "equal_scalar", with_scalar("equal"), (None,), params=ScalarParams, mxnet=("_equal_scalar", "_EqualScalar")
)
