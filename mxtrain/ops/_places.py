"""Places in a tensor, given by an index for each of its first axes."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from mxtrain.base.errors import DataError
from mxtrain.base.types import Shape


class Places(NamedTuple):
    """Places along the first axes seen as one.

    Args:
        flat: an int64 for each place.
        total: how many places there are to choose from.
    """

    flat: Any
    total: int


def places(xp: Any, indices: Any, shape: Shape, where: str) -> Places:
    """What indices (M, A...) name in a tensor of this shape; negative ones count from the end, fractions are cut off.

    Args:
        where: how the error names the node.

    Raises:
        DataError: for an index outside.
    """
    axes = indices.shape[0]
    whole = indices.astype(xp.int64).reshape(axes, -1)
    flat = xp.zeros(whole.shape[1:], xp.int64)
    for k in range(axes):
        wrong = whole[k][(whole[k] < -shape[k]) | (whole[k] >= shape[k])]
        if wrong.size:
            raise DataError(
                f"{where}: indices of axis {k} must be {-shape[k]} to {shape[k] - 1}, got {int(wrong[0])} "
                f"({wrong.size} are outside)"
            )
        flat = flat * shape[k] + whole[k] % shape[k]
    return Places(flat, math.prod(shape[:axes]))
