"""Mean 0 and variance 1 over some axes, in float64, and the gradient: array code of reference kernels."""

from __future__ import annotations

from typing import Any, NamedTuple


class Standard(NamedTuple):
    """Standardized values; mean, biased variance and 1 / sqrt(variance + eps) with the axes kept."""

    value: Any
    mean: Any
    var: Any
    inverse: Any


def standardize(xp: Any, x: Any, axes: tuple[int, ...], eps: float) -> Standard:
    """(x - mean) / sqrt(var + eps)."""
    wide = x.astype(xp.float64)
    mean = wide.mean(axis=axes, keepdims=True)
    centred = wide - mean
    var = (centred * centred).mean(axis=axes, keepdims=True)
    inverse = 1 / xp.sqrt(var + eps)
    return Standard(centred * inverse, mean, var, inverse)


def standardize_backward(dvalue: Any, s: Standard, axes: tuple[int, ...]) -> Any:
    """The gradient towards x from the one towards the standardized values."""
    along = (dvalue * s.value).mean(axis=axes, keepdims=True)
    return s.inverse * (dvalue - dvalue.mean(axis=axes, keepdims=True) - s.value * along)
