"""mae: mean absolute error over all predicted numbers.

Shapes:
    label, prediction: the same, but for axes of length 1 at the end

MXNet 1.9.1 (MAE) takes the mean of the means of batches: the same where all batches have one size.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.params import NoParams
from mxtrain.metrics import _classes, _exact
from mxtrain.metrics._metric import Metric, Totals


def measure(params: NoParams, label: NDArray[Any], prediction: NDArray[Any]) -> Totals:
    """The sum of absolute errors, and how many."""
    wanted, said = _classes.paired("mae", label, prediction)
    return np.append(_exact.limbs(np.abs(said - wanted)), wanted.size)


def value(params: NoParams, totals: Totals) -> float:
    """The mean; NaN if nothing was counted."""
    return _exact.total(totals[:-1]) / totals[-1].item() if totals[-1] else float("nan")


METRIC = Metric("mae", measure, value, (*_exact.names("error"), "count"), better="lower")
