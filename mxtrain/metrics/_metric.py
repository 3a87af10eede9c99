"""What a metric is: a frozen record of free functions over sums."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.params import NoParams
from mxtrain.base.types import Shape
from mxtrain.graph import Entry

Totals = NDArray[np.float64]


@dataclass(frozen=True)
class OnDevice:
    """How a metric is summed where the net runs, so that no prediction has to come back.

    Args:
        fits: ``(params, shape of the label, shape of the prediction)``: whether it can be, for these.
        entries: ``(params, label, prediction) -> sums`` over the samples of a batch, float32, of one element each.
        read: ``(params, sums, samples) -> increments``, as `measure` gives them.
        sums: how many `entries` gives.
    """

    fits: Callable[[Any, Shape, Shape], bool]
    entries: Callable[[Any, Entry, Entry], Sequence[Entry]]
    read: Callable[[Any, Totals, int], Totals]
    sums: int = 1


@dataclass(frozen=True)
class Metric:
    """A metric: sums over samples, and a formula that reads them.

    Sums are the only state. They add up: over batches, over workers, over a run that was stopped and resumed; and the
    result is the same bits in whatever order and batches the samples came.

    Args:
        name: snake case, the name of its module.
        measure: ``(params, label, prediction) -> increments`` of the sums, in their order. Both arrays hold real
            samples only. Raises ShapeError if they cannot belong together, DataError for a label that cannot be.
        value: ``(params, totals) -> the metric``; NaN if no sample has been counted.
        sums: names of the sums, or a function of the params that gives them.
        params: class made by base.params.declare.
        better: whether a larger or a smaller value is the better one.
        device: how it is summed on a device; None: only the host does it.
    """

    name: str
    measure: Callable[[Any, NDArray[Any], NDArray[Any]], Totals]
    value: Callable[[Any, Totals], float]
    sums: tuple[str, ...] | Callable[[Any], tuple[str, ...]]
    params: type = NoParams
    better: Literal["higher", "lower"] = "higher"
    device: OnDevice | None = None

    def sum_names(self, params: Any) -> tuple[str, ...]:
        """Names of the sums with these params."""
        return self.sums(params) if callable(self.sums) else self.sums
