"""cross_entropy: mean of -log(p + eps) of the true class, as MXNet 1.9.1 (CrossEntropy).

Shapes:
    label (N, ...) classes, or probabilities in the prediction's shape
    prediction (N, C, ...) probabilities along `axis`

With probabilities t as labels it is the mean of -sum over classes of t log(p + eps). The mean goes over positions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.params import declare, param
from mxtrain.metrics import _classes, _exact
from mxtrain.metrics._device import rows_of_classes, surprise
from mxtrain.metrics._metric import Metric, OnDevice, Totals


@declare
class Params:
    """Mean negative logarithm of the probability of the true class, or of soft labels."""

    eps: float = param(1e-12, ge=0, doc="added to each probability before the logarithm")
    axis: int = param(1, doc="axis of the prediction that goes over the classes")
    ignore_label: int | None = param(None, doc="positions of this label are not counted")


def measure(params: Params, label: NDArray[Any], prediction: NDArray[Any]) -> Totals:
    """The sum of -log(p + eps), and the number of positions."""
    if _classes.is_soft(label, prediction, params.axis):
        weight = label.astype(np.float64).reshape(-1)
        logs = np.log(prediction.astype(np.float64).reshape(-1) + params.eps)
        # A class of weight 0 takes no part, even where eps = 0 makes its logarithm infinite.
        losses = -np.multiply(weight, logs, out=np.zeros_like(logs), where=weight != 0)
        count = label.size // label.shape[params.axis]
    else:
        classes, scores = _classes.scored("cross_entropy", label, prediction, params.axis, params.ignore_label)
        losses = -np.log(_classes.picked(classes, scores) + params.eps)
        count = classes.size
    return np.append(_exact.limbs(losses), count)


def value(params: Params, totals: Totals) -> float:
    """The mean; NaN if nothing was counted."""
    return _exact.total(totals[:-1]) / totals[-1].item() if totals[-1] else float("nan")


def device_read(params: Params, sums: Totals, samples: int) -> Totals:
    """The sum as limbs, and the number of rows."""
    return np.append(_exact.limbs(sums), samples)


METRIC = Metric(
    "cross_entropy", measure, value, (*_exact.names("loss"), "count"), Params, "lower",
    OnDevice(rows_of_classes, surprise, device_read),
)  # fmt: skip
