"""Images resampled row by row and column by column: y = rows x columns^T, with matrices of weights. Array code."""

from __future__ import annotations

from typing import Any

from mxtrain.ops._infer import Types, need_rank

IMAGE = "(N, C, H, W)"
Sizes = tuple[int | None, int | None, int | None, int | None]


def image_shape(ins: Types, name: str = "data") -> Sizes:
    """The shape of input 0, an image, as far as it is known.

    Raises:
        ShapeError: if it has not four axes.
    """
    shape = need_rank(ins[0], (4,), name, IMAGE) or (None,) * 4
    return shape[0], shape[1], shape[2], shape[3]


def resample(xp: Any, rows: Any, columns: Any, x: Any) -> Any:
    """rows (O, H), columns (P, W), x (..., H, W) -> (..., O, P)."""
    return xp.matmul(xp.matmul(rows, x), columns.T)


def resample_backward(xp: Any, rows: Any, columns: Any, dy: Any) -> Any:
    """The gradient towards x (..., H, W) from dy (..., O, P)."""
    return xp.matmul(xp.matmul(rows.T, dy), columns)


def between(xp: Any, at: Any, size: int, dtype: Any) -> Any:
    """Weights (P, size) of linear interpolation at positions `at` (P,), which lie within 0 to size - 1."""
    distance = xp.abs(at[:, None] - xp.arange(size, dtype=at.dtype))
    return xp.maximum(1 - distance, 0).astype(dtype)
