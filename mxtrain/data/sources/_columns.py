"""A source whose samples are rows of arrays, in memory or mapped from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.errors import DataError
from mxtrain.base.types import PartialType
from mxtrain.data import files
from mxtrain.data.source import Field, Rows, Skipped

_EXACT = 1 << 24


@dataclass(frozen=True)
class Columns:
    """An open source of arrays.

    Args:
        arrays: inputs by variable name: images (N, H, W, C) uint8, others (N, ...) of any number type.
        targets: labels by variable name, (N,) or (N, width) float32.
        paths: the files that they came from; the first names samples in errors.
        classes: names of the classes, if they are known.
    """

    arrays: Mapping[str, NDArray[Any]]
    targets: Mapping[str, NDArray[np.float32]]
    paths: tuple[Path, ...]
    classes: tuple[str, ...] | None = None
    images: frozenset[str] = frozenset()

    @property
    def inputs(self) -> Mapping[str, Field]:
        """Images keep uint8; everything else is read as float32."""
        return {
            name: Field(PartialType(a.shape[1:], "uint8" if name in self.images else "float32"), name in self.images)
            for name, a in self.arrays.items()
        }

    @property
    def labels(self) -> Mapping[str, Field]:
        """All float32."""
        return {name: Field(PartialType(a.shape[1:], "float32")) for name, a in self.targets.items()}

    @property
    def report(self) -> tuple[Skipped, ...]:
        """Nothing: arrays hold no clutter."""
        return ()

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    def read(self, indices: NDArray[np.int64]) -> Rows:
        """Copies of the rows called for."""
        inputs = {
            name: a[indices] if name in self.images else np.asarray(a[indices], np.float32)
            for name, a in self.arrays.items()
        }
        return Rows(inputs, {name: a[indices] for name, a in self.targets.items()})

    def name(self, index: int) -> str:
        """File and row, counted from 0."""
        return f"{self.paths[0]}: row {index}"

    def fingerprint(self) -> dict[str, Any]:
        """Size and hash of every file."""
        return {"samples": len(self), "files": [files.fingerprint(p) for p in self.paths]}


def as_labels(array: NDArray[Any], where: str) -> NDArray[np.float32]:
    """Labels as float32, (N,) or (N, width).

    Raises:
        DataError: if they are no numbers, have more dimensions, or do not survive as float32.
    """
    check_numbers(array, where)
    if array.ndim not in (1, 2):
        raise DataError(f"{where}: labels must be (N,) or (N, width), got {array.shape}")
    labels = np.asarray(array, np.float32)
    if array.dtype.kind == "f" and not np.isfinite(labels).all():
        row = int(np.flatnonzero(~np.isfinite(labels).reshape(len(labels), -1).all(axis=1))[0])
        raise DataError(f"{where}: the label of row {row} is not a finite number")
    return labels


def check_numbers(array: NDArray[Any], where: str) -> None:
    """Refuse what float32 cannot hold.

    Raises:
        DataError: for text, objects, complex numbers and times, and for integers above 2^24, which float32 rounds.
    """
    if array.dtype.kind not in "biuf":
        raise DataError(f"{where}: expected numbers, got dtype {array.dtype}")
    if array.dtype.kind in "iu" and array.dtype.itemsize > 2 and array.size:
        low, high = int(array.min()), int(array.max())
        if max(-low, high) > _EXACT:
            raise DataError(f"{where}: holds integers from {low} to {high}; above {_EXACT} float32 rounds them")


def check_classes(labels: NDArray[np.float32], classes: tuple[str, ...], where: str) -> None:
    """Refuse class labels that have no name.

    Raises:
        DataError: naming the row.
    """
    bad = np.flatnonzero((labels < 0) | (labels >= len(classes)) | (labels != np.floor(labels)))
    if bad.size:
        row = int(bad[0])
        raise DataError(f"{where}: row {row} has label {labels[row]:g}, but `classes` names 0 to {len(classes) - 1}")
