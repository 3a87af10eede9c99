"""mcc: Matthews correlation coefficient of two classes, counted over all samples.

Shapes:
    label (N,) or (N, 1) classes 0 and 1, or (N, 2) probabilities
    prediction (N, 2) scores; or (N,) or (N, 1), over 0.5 meaning class 1

As MXNet 1.9.1 (MCC with average="micro"); its default takes the mean over batches, which depends on their size.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.params import NoParams
from mxtrain.metrics import _classes
from mxtrain.metrics._metric import Metric, Totals


def measure(params: NoParams, label: NDArray[Any], prediction: NDArray[Any]) -> Totals:
    """The four counts of this batch."""
    classes, said = _classes.predicted("mcc", label, prediction, 2)
    return np.bincount(2 * classes + said, minlength=4).astype(np.float64)


def value(params: NoParams, totals: Totals) -> float:
    """The coefficient, -1 to 1; 0 if only one class occurs in labels or in predictions; NaN if nothing was counted."""
    tn, fp, fn, tp = (int(t) for t in totals)
    if not tn + fp + fn + tp:
        return float("nan")
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn - fp * fn) / math.sqrt(product) if product else 0.0


METRIC = Metric("mcc", measure, value, ("true_negative", "false_positive", "false_negative", "true_positive"))
