"""Windows that slide over spatial axes: sizes, and array code for reference kernels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from mxtrain.base.errors import ShapeError


def per_axis(values: Sequence[int], rank: int, default: int, name: str) -> tuple[int, ...]:
    """One value per spatial axis; an empty sequence means the default, as in MXNet.

    Raises:
        ShapeError: if there are more or fewer values than axes.
    """
    if not values:
        return (default,) * rank
    if len(values) != rank:
        raise ShapeError(f"{name} {tuple(values)} must have one value per spatial axis ({rank})")
    return tuple(values)


def output_size(size: int, kernel: int, stride: int, pad: int, dilate: int = 1) -> int:
    """Number of whole windows along an axis (MXNet's "valid").

    Raises:
        ShapeError: if the window is larger than the padded input.
    """
    span = dilate * (kernel - 1) + 1
    if size + 2 * pad < span:
        raise ShapeError(f"the window ({span}) is larger than the input with its padding ({size} + 2 * {pad})")
    return (size + 2 * pad - span) // stride + 1


def windows(x: Any, xp: Any, kernel: Sequence[int], stride: Sequence[int], dilate: Sequence[int]) -> Any:
    """Every window of x (N, C, S...) already padded, as a view (N, C, O..., K...)."""
    rank = len(kernel)
    out = [(x.shape[2 + i] - dilate[i] * (kernel[i] - 1) - 1) // stride[i] + 1 for i in range(rank)]
    steps = x.strides[2:]
    return xp.lib.stride_tricks.as_strided(
        x,
        (*x.shape[:2], *out, *kernel),
        (*x.strides[:2], *(s * t for s, t in zip(steps, stride, strict=True)),
         *(s * d for s, d in zip(steps, dilate, strict=True))),
    )  # fmt: skip


def padded(x: Any, xp: Any, before: Sequence[int], after: Sequence[int], value: float = 0.0) -> Any:
    """x (N, C, S...) with constant borders. A negative border cuts."""
    shape = (*x.shape[:2], *(s + a + b for s, a, b in zip(x.shape[2:], before, after, strict=True)))
    out = xp.full(shape, value, x.dtype)
    inner, outer = [slice(None)] * 2, [slice(None)] * 2
    for s, b, n in zip(x.shape[2:], before, shape[2:], strict=True):
        inner.append(slice(max(b, 0), min(b + s, n)))
        outer.append(slice(max(-b, 0), min(n - b, s)))
    out[tuple(inner)] = x[tuple(outer)]
    return out


def scatter(cols: Any, xp: Any, shape: Sequence[int], stride: Sequence[int], dilate: Sequence[int]) -> Any:
    """Add windows (N, C, O..., K...) into an array (N, C, S...) of zeros: the transpose of `windows`."""
    rank = (cols.ndim - 2) // 2
    out = xp.zeros(shape, cols.dtype)
    sizes, kernel = cols.shape[2 : 2 + rank], cols.shape[2 + rank :]
    for flat in range(math.prod(kernel)):
        offset: list[int] = []
        rest = flat
        for k in reversed(kernel):
            offset.insert(0, rest % k)
            rest //= k
        where = tuple(
            slice(o * d, o * d + (n - 1) * s + 1, s) for o, d, n, s in zip(offset, dilate, sizes, stride, strict=True)
        )
        out[(slice(None), slice(None), *where)] += cols[(slice(None),) * (2 + rank) + tuple(offset)]
    return out


def crop(x: Any, before: Sequence[int], shape: Sequence[int]) -> Any:
    """x (N, C, P...) without its borders: a view of `shape` that begins at `before`."""
    return x[(slice(None), slice(None), *(slice(b, b + n) for b, n in zip(before, shape[2:], strict=True)))]
