"""Special functions that NumPy lacks, as array code."""

from __future__ import annotations

import math
from typing import Any

from mxtrain.backends import cuda


def erf(xp: Any, x: Any) -> Any:
    """The error function to float64 accuracy, in the dtype of x.

    The series ``2/sqrt(pi) exp(-x^2) sum 2^n x^(2n+1) / (2n+1)!!`` has terms of one sign, so nothing cancels; beyond 6
    the result is 1 in every precision.
    """
    if isinstance(xp, cuda.Module):
        return xp.erf(x)
    wide = xp.clip(x, -6, 6).astype(xp.float64)
    square = 2 * wide * wide
    term = wide.copy()
    total = wide.copy()
    for n in range(1, 140):
        term *= square / (2 * n + 1)
        total += term
    return (2 / math.sqrt(math.pi) * xp.exp(-0.5 * square) * total).astype(x.dtype)


def erfinv(xp: Any, y: Any) -> Any:
    """The inverse of the error function to float64 accuracy, in the dtype of y; beyond 1 not a number.

    A start by Winitzki's formula (2008), then Halley's steps, each of which triples the digits.
    """
    if isinstance(xp, cuda.Module):
        return xp.erfinv(y)
    wide = xp.clip(y, -1, 1).astype(xp.float64)
    inside = xp.clip(wide, -1 + 1e-16, 1 - 1e-16)
    log, a = xp.log1p(-inside * inside), 0.147
    middle = 2 / (math.pi * a) + log / 2
    x = xp.sign(wide) * xp.sqrt(xp.sqrt(middle * middle - log / a) - middle)
    for _ in range(4):
        step = (erf(xp, x) - wide) * math.sqrt(math.pi) / 2 * xp.exp(x * x)
        x = x - step / (1 + x * step)
    x = xp.where(wide == 1, math.inf, xp.where(wide == -1, -math.inf, x))
    return xp.where(xp.absolute(y) > 1, math.nan, x).astype(y.dtype)


SHIFT = 10
"""Steps by which small arguments are moved to where the asymptotic series are exact."""


def gammaln(xp: Any, x: Any) -> Any:
    """log |gamma(x)| in the dtype of x: Stirling's series after the recurrence; below 1/2 by reflection."""
    if isinstance(xp, cuda.Module):
        return xp.gammaln(x)
    wide = x.astype(xp.float64)
    low = wide < 0.5
    z = xp.where(low, 1 - wide, wide)
    product = xp.ones_like(z)
    for k in range(SHIFT):
        product = product * xp.where(z < SHIFT, z + k, 1.0)
    big = xp.where(z < SHIFT, z + SHIFT, z)
    inverse = 1 / (big * big)
    series = 1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse * (1 / 1188))))
    above = (big - 0.5) * xp.log(big) - big + math.log(2 * math.pi) / 2 + series / big - xp.log(product)
    sine = xp.absolute(xp.sin(math.pi * xp.remainder(wide, 1.0)))
    below = math.log(math.pi) - xp.log(xp.where(low, sine, 1.0)) - above
    return xp.where(low, below, above).astype(x.dtype)


def gamma(xp: Any, x: Any) -> Any:
    """The gamma function in the dtype of x."""
    if isinstance(xp, cuda.Module):
        return xp.gamma(x)
    wide = x.astype(xp.float64)
    odd = xp.remainder(xp.floor(wide), 2.0) == 1
    value = xp.exp(gammaln(xp, wide))
    return xp.where((wide < 0) & odd, -value, value).astype(x.dtype)


def digamma(xp: Any, x: Any) -> Any:
    """The derivative of `gammaln`: its series after the recurrence; below 0 by reflection."""
    low = x < 0
    z = xp.where(low, 1 - x, x)
    sum_ = xp.zeros_like(z)
    for k in range(SHIFT):
        sum_ = sum_ + xp.where(z < SHIFT, 1 / (z + k), 0.0)
    big = xp.where(z < SHIFT, z + SHIFT, z)
    inverse = 1 / (big * big)
    series = 1 / 12 - inverse * (1 / 120 - inverse * (1 / 252 - inverse * (1 / 240 - inverse * (1 / 132))))
    above = xp.log(big) - 0.5 / big - inverse * series - sum_
    return xp.where(low, above - math.pi / xp.tan(math.pi * xp.where(low, x, 0.5)), above)
