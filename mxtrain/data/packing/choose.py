"""Which images go to a validation set, and in which order images are packed: by the seed alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.errors import DataError
from mxtrain.base.random import generator
from mxtrain.data.packing.listing import Labels

Positions = NDArray[np.int64]


def hold_out(labels: Sequence[Labels], fraction: float, stratify: bool, seed: int) -> NDArray[np.bool_]:
    """(N,) True for the images of the validation set: `fraction` of all, or of each class (to the nearest number).

    Raises:
        DataError: if one of the two sets is empty, or classes are asked for and images have several labels.
    """
    rng = generator(seed, "pack/val")
    held = np.zeros(len(labels), bool)
    for members in _classes(labels) if stratify else [np.arange(len(labels))]:
        chosen = rng.permutation(members)[: round(fraction * len(members))]
        held[chosen] = True
    if held.all() or not held.any():
        raise DataError(
            f"a fraction of {fraction:g} of {len(labels)} images leaves {'none' if held.all() else 'all'} to train on; "
            "take another fraction"
        )
    return held


def _classes(labels: Sequence[Labels]) -> list[Positions]:
    several = next((at for at, each in enumerate(labels) if len(each) != 1), None)
    if several is not None:
        raise DataError(f"stratify needs one label per image; image {several} of the list has {len(labels[several])}")
    values = np.array([each[0] for each in labels])
    order = np.argsort(values, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(values[order])) + 1)


def order(count: int, shuffle: bool, seed: int) -> Positions:
    """The order in which `count` images are packed."""
    return generator(seed, "pack/order").permutation(count) if shuffle else np.arange(count)


def parts(count: int, number: int) -> list[tuple[int, int]]:
    """(Start, stop) of `number` parts of `count` things, of sizes that differ by one at most."""
    ends = [count * k // number for k in range(number + 1)]
    return list(zip(ends, ends[1:], strict=False))
