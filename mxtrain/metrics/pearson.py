"""pearson: Pearson's correlation of labels and predictions, over all predicted numbers.

Shapes:
    label, prediction: the same, but for axes of length 1 at the end

MXNet 1.9.1 (PearsonCorrelation) takes the mean over batches by default; this is its average="micro". The moments are
summed, and their differences taken, without rounding: for float32 inputs the result is right to the last few bits,
however far the mean lies from zero.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.params import NoParams
from mxtrain.metrics import _classes, _exact
from mxtrain.metrics._metric import Metric, Totals

MOMENTS = ("x", "y", "xx", "yy", "xy")
NAMES = (*(n for moment in MOMENTS for n in _exact.names(moment)), "count")


def measure(params: NoParams, label: NDArray[Any], prediction: NDArray[Any]) -> Totals:
    """The sums of x, y and their products, x the label and y the prediction; and how many."""
    x, y = _classes.paired("pearson", label, prediction)
    parts = [_exact.limbs(v) for v in (x, y, x * x, y * y, x * y)]
    return np.concatenate([*parts, [x.size]])


def value(params: NoParams, totals: Totals) -> float:
    """The correlation, -1 to 1; NaN if nothing was counted or one side is constant, where it has no meaning."""
    if not totals[-1] or not np.isfinite(totals).all():
        return float("nan")
    n = Fraction(totals[-1].item())
    x, y, xx, yy, xy = (_exact.exact(part) for part in totals[:-1].reshape(len(MOMENTS), -1))
    along_x, along_y, both = n * xx - x * x, n * yy - y * y, n * xy - x * y
    if along_x <= 0 or along_y <= 0:
        return float("nan")
    root = math.sqrt(both * both / (along_x * along_y))
    return root if both >= 0 else -root


METRIC = Metric("pearson", measure, value, NAMES)
