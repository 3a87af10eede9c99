"""A batch of samples on the host, keyed by the names of the variables that it feeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Batch:
    """Samples of one step.

    Args:
        inputs: images as (N, H, W, C) uint8, everything else as (N, ...) float32.
        labels: (N,) or (N, width) float32.
        valid: rows that hold samples; the rows from there on are padding.
        ids: (N,) index of each row's sample in its source; -1 for padding.
        first: position of row 0 within the epoch, counted over all batches.
        errors: row -> why its sample could not be read (evaluation with ``on_error: skip`` only).
    """

    inputs: Mapping[str, NDArray[Any]]
    labels: Mapping[str, NDArray[Any]]
    valid: int
    ids: NDArray[np.int64]
    first: int
    errors: Mapping[int, str] = field(default_factory=dict)

    def rows(self, start: int, stop: int) -> Batch:
        """The rows from `start` on, before `stop`."""
        return Batch(
            {n: a[start:stop] for n, a in self.inputs.items()},
            {n: a[start:stop] for n, a in self.labels.items()},
            max(0, min(self.valid, stop) - start),
            self.ids[start:stop],
            self.first + start,
        )

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(N,) True where a row is a sample that was read: the rows that metrics count."""
        rows = np.arange(len(self.ids)) < self.valid
        rows[list(self.errors)] = False
        return rows
