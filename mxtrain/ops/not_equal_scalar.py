"""not_equal_scalar: 1 where data is not equal to scalar, else 0, in the dtype of the data.

Shapes:
    data (any) -> output, same shape

Source: MXNet's _not_equal_scalar.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import ScalarParams, elementwise, with_scalar

OP = elementwise(
    "not_equal_scalar",
    with_scalar("not_equal"),
    (None,),
    params=ScalarParams,
    mxnet=("_not_equal_scalar", "_NotEqualScalar"),
)
