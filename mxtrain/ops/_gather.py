"""Indices as MXNet reads them, and sums into the rows that they name."""

from __future__ import annotations

from typing import Any

from mxtrain.base.errors import DataError
from mxtrain.base.types import Shape


def positions(xp: Any, index: Any, size: int, mode: str, where: str = "") -> Any:
    """Indices as int64 within 0..size-1; fractions are cut off.

    Args:
        mode: what an index outside becomes: ``clip``, the nearest; ``wrap``, its remainder; ``raise``, an error.
        where: how the error names the node.

    Raises:
        DataError: for an index outside, if the mode is ``raise``.
    """
    whole = index.astype(xp.int64)
    if mode == "wrap":
        return whole % size
    if mode == "raise":
        wrong = whole[(whole < 0) | (whole >= size)]
        if wrong.size:
            raise DataError(f"{where}: indices must be 0 to {size - 1}, got {int(wrong[0])} ({wrong.size} are outside)")
        return whole
    return xp.clip(whole, 0, size - 1)


def add_rows(xp: Any, shape: Shape, index: Any, rows: Any) -> Any:
    """Zeros of shape (R, D), with every row of `rows` (n, D) added to the row that `index` (n,) names."""
    total = xp.zeros(shape[0] * shape[1], rows.dtype)
    # Flat on purpose: NumPy adds to single elements many times faster than to rows.
    places = (index[:, None] * shape[1] + xp.arange(shape[1])).reshape(-1)
    xp.add.at(total, places, rows.reshape(-1))
    return total.reshape(shape)
