"""rmse: root of the mean squared error over all predicted numbers.

Shapes:
    label, prediction: the same, but for axes of length 1 at the end

This is the root over all samples. MXNet 1.9.1 (RMSE) takes the mean of the roots of batches, which depends on how
samples are cut into batches: for equal batches it is at most this.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.params import NoParams
from mxtrain.metrics import _classes, _exact
from mxtrain.metrics._metric import Metric, Totals


def measure(params: NoParams, label: NDArray[Any], prediction: NDArray[Any]) -> Totals:
    """The sum of squared errors, and how many."""
    wanted, said = _classes.paired("rmse", label, prediction)
    return np.append(_exact.limbs(np.square(said - wanted)), wanted.size)


def value(params: NoParams, totals: Totals) -> float:
    """The root of the mean; NaN if nothing was counted."""
    return math.sqrt(_exact.total(totals[:-1]) / totals[-1].item()) if totals[-1] else float("nan")


METRIC = Metric("rmse", measure, value, (*_exact.names("square"), "count"), better="lower")
