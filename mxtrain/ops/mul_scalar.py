"""mul_scalar: data * scalar, element by element.

Shapes:
    data (any) -> output, same shape

Source: MXNet's _mul_scalar.
"""

from __future__ import annotations

from mxtrain.ops._attention import absorb_scale
from mxtrain.ops._elementwise import ScalarParams, Slope, elementwise, with_scalar
from mxtrain.ops._native import linear, native_kernel

LINEAR = linear(lambda p: (p.scalar, 0.0))

OP = elementwise(
    "mul_scalar",
    with_scalar("multiply"),
    (Slope(with_scalar("multiply"), fast=native_kernel(LINEAR)),),
    params=ScalarParams,
    mxnet=("_mul_scalar", "_MulScalar"),
    native=LINEAR,
    absorb=absorb_scale,
)
