"""logical_and_scalar: 1 where neither data nor scalar is 0, else 0. No gradient.

Shapes:
    data (any) -> output, same shape

Source: MXNet's _logical_and_scalar.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import ScalarParams, elementwise, with_scalar

OP = elementwise(
    "logical_and_scalar",
    with_scalar("logical_and"),
    (None,),
    params=ScalarParams,
    mxnet=("_logical_and_scalar", "_LogicalAndScalar"),
)
