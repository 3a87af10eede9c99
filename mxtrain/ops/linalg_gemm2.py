"""linalg_gemm2: the products of matrices, times a number.

Shapes:
    A (B..., M, K), B (B..., K, N) -> output (B..., M, N) = alpha A B
    transpose_a: A (B..., K, M); transpose_b: B (B..., N, K)

Source: MXNet's linalg_gemm2.
"""

from __future__ import annotations

from mxtrain.ops._gemm import product

OP = product("linalg_gemm2", mxnet=("_linalg_gemm2", "linalg_gemm2"))
