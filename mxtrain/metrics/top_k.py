"""top_k: the share of samples whose class is among the k best scored, as MXNet 1.9.1 (TopKAccuracy).

Shapes:
    label (N, ...) classes, or probabilities in the prediction's shape
    prediction (N, C, ...) scores along axis 1

Of equal scores the lower class comes first, so that k = 1 is accuracy. MXNet leaves their order to its sort.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.params import declare, param
from mxtrain.metrics import _classes
from mxtrain.metrics._metric import Metric, Totals


@declare
class Params:
    """Share of samples whose class is among the k best scored."""

    k: int = param(5, ge=1, doc="how many classes may be named")
    ignore_label: int | None = param(None, doc="positions of this label are not counted")


def measure(params: Params, label: NDArray[Any], prediction: NDArray[Any]) -> Totals:
    """Number of samples whose class is among the best, and of all."""
    classes, scores = _classes.scored("top_k", label, prediction, 1, params.ignore_label)
    own = np.take_along_axis(scores, classes[:, None], axis=1)
    # "not <=" and not ">": a NaN stands before every number, and is never itself right.
    before = ~(scores <= own) | ((scores == own) & (np.arange(scores.shape[1]) < classes[:, None]))
    k = min(params.k, scores.shape[1])
    return np.array([np.count_nonzero(np.count_nonzero(before, axis=1) < k), classes.size], np.float64)


def value(params: Params, totals: Totals) -> float:
    """The share; NaN if nothing was counted."""
    return float(totals[0] / totals[1]) if totals[1] else float("nan")


METRIC = Metric("top_k", measure, value, ("correct", "count"), Params)
