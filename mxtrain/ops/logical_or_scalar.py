"""logical_or_scalar: 1 where data or scalar is not 0, else 0. No gradient.

Shapes:
    data (any) -> output, same shape

Source: MXNet's _logical_or_scalar.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import ScalarParams, elementwise, with_scalar

OP = elementwise(
    "logical_or_scalar",
    with_scalar("logical_or"),
    (None,),
    params=ScalarParams,
    mxnet=("_logical_or_scalar", "_LogicalOrScalar"),
)
