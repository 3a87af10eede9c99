"""perplexity: exp of the mean of -log(max(p, 1e-10)) of the true class, as MXNet 1.9.1 (Perplexity).

Shapes:
    label: one class per position, in any shape
    prediction: probabilities along `axis`; as many positions as labels, (N * T, C) beside (N, T) included
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.params import declare, param
from mxtrain.metrics import _classes, _exact
from mxtrain.metrics._metric import Metric, Totals

FLOOR = 1e-10


@declare
class Params:
    """Exponential of the mean negative logarithm of the probability of the true class."""

    ignore_label: int | None = param(None, doc="positions of this label are not counted")
    axis: int = param(-1, doc="axis of the prediction that goes over the classes")


def measure(params: Params, label: NDArray[Any], prediction: NDArray[Any]) -> Totals:
    """The sum of -log(max(p, 1e-10)), and the number of positions."""
    if _classes.is_soft(label, prediction, params.axis):
        raise _classes.mismatch("perplexity", label, prediction, "one class label per position")
    classes, scores = _classes.scored("perplexity", label, prediction, params.axis, params.ignore_label)
    return np.append(_exact.limbs(-np.log(np.maximum(_classes.picked(classes, scores), FLOOR))), classes.size)


def value(params: Params, totals: Totals) -> float:
    """The perplexity, at most 1e10; NaN if nothing was counted."""
    return float(np.exp(_exact.total(totals[:-1]) / totals[-1])) if totals[-1] else float("nan")


METRIC = Metric("perplexity", measure, value, (*_exact.names("loss"), "count"), Params, "lower")
