"""Sums of floats without rounding, so that they do not depend on order, batches or workers.

A sum is kept as limbs: each value is cut along a fixed grid of powers of two, and each limb adds up its pieces, which
are small multiples of one power of two. float64 adds those exactly for 2**29 (half a billion) values of at least
2**-96 (1e-29), as long as their magnitudes add up to less than 2**101 (2.5e30). What lies below the grid is cut off;
what lies above is added with rounding. The idea of fixed bins is that of Demmel and Nguyen, "Parallel reproducible
summation", IEEE Transactions on Computers, 2015.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

WIDTH = 24
LIMBS = 7
"""Limb 0 holds multiples of 2**48, each further one those of a power 24 lower, the last those of 2**-96."""
REACH = 2.0**101

_EXPONENTS = WIDTH * (2 - np.arange(LIMBS))
_UP = np.ldexp(1.0, -_EXPONENTS)[:, None]
_DOWN = np.ldexp(1.0, _EXPONENTS)[:, None]


def names(name: str) -> tuple[str, ...]:
    """Names of the limbs of the sum called `name`."""
    return tuple(f"{name}_{i}" for i in range(LIMBS))


def limbs(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The sum of `values` as (LIMBS,) addends. One beyond REACH, or NaN, goes into the first, whole."""
    flat = values.reshape(-1)
    fits = np.abs(flat) < REACH
    odd = 0.0
    if not fits.all():
        with np.errstate(over="ignore", invalid="ignore"):
            odd = float(flat[~fits].sum())
        flat = np.where(fits, flat, 0.0)
    down_to = np.trunc(flat * _UP) * _DOWN
    result: NDArray[np.float64] = np.diff(down_to, axis=0, prepend=0.0).sum(axis=1)
    result[0] += odd
    return result


def total(parts: NDArray[np.float64]) -> float:
    """What limbs add up to, rounded once. Infinite or NaN if a value was."""
    return math.fsum(parts.tolist())


def exact(parts: NDArray[np.float64]) -> Fraction:
    """What limbs add up to, without rounding. The limbs must be finite."""
    return sum((Fraction(p) for p in parts.tolist()), Fraction())
