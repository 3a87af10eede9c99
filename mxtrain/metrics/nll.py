"""nll: mean negative log-likelihood, -log(p + eps) of the true class, as MXNet 1.9.1 (NegativeLogLikelihood).

Shapes:
    label (N, ...) classes
    prediction (N, C, ...) probabilities along axis 1
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.params import declare, param
from mxtrain.metrics import _classes, _exact
from mxtrain.metrics._metric import Metric, Totals


@declare
class Params:
    """Mean negative logarithm of the probability of the true class."""

    eps: float = param(1e-12, ge=0, doc="added to each probability before the logarithm")


def measure(params: Params, label: NDArray[Any], prediction: NDArray[Any]) -> Totals:
    """The sum of -log(p + eps), and the number of samples."""
    if _classes.is_soft(label, prediction, 1):
        raise _classes.mismatch("nll", label, prediction, "one class label per sample; cross_entropy takes soft labels")
    classes, scores = _classes.scored("nll", label, prediction, 1)
    return np.append(_exact.limbs(-np.log(_classes.picked(classes, scores) + params.eps)), classes.size)


def value(params: Params, totals: Totals) -> float:
    """The mean; NaN if nothing was counted."""
    return _exact.total(totals[:-1]) / totals[-1].item() if totals[-1] else float("nan")


METRIC = Metric("nll", measure, value, (*_exact.names("loss"), "count"), Params, "lower")
