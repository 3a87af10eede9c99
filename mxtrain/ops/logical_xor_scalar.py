"""logical_xor_scalar: 1 where one of data and scalar is 0 and the other is not, else 0. No gradient.

Shapes:
    data (any) -> output, same shape

Source: MXNet's _logical_xor_scalar.
"""

from __future__ import annotations

from mxtrain.ops._elementwise import ScalarParams, elementwise, with_scalar

OP = elementwise(
    "logical_xor_scalar",
    with_scalar("logical_xor"),
    (None,),
    params=ScalarParams,
    mxnet=("_logical_xor_scalar", "_LogicalXorScalar"),
)
