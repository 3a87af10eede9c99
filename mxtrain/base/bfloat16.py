"""bfloat16 as the upper half of a float32, kept in uint16 arrays: NumPy has no such type."""

from __future__ import annotations

from typing import Any

import numpy as np


def widen(bits: Any, xp: Any = np) -> Any:
    """uint16 bits as float32, exactly."""
    return (bits.astype(xp.uint32) << np.uint32(16)).view(xp.float32)


def narrow(values: Any, xp: Any = np) -> Any:
    """float32 rounded to the nearest bfloat16 (ties to even; NaN stays NaN), as uint16 bits."""
    wide = xp.asarray(values, dtype=xp.float32, order="C")
    bits = wide.view(xp.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)
    return xp.where(xp.isnan(wide), np.uint32(0x7FC0), rounded).astype(xp.uint16)
