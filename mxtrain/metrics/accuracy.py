"""accuracy: the share of positions whose class is predicted, as MXNet 1.9.1 (Accuracy).

Shapes:
    label (N, ...) classes, or probabilities in the prediction's shape
    prediction (N, C, ...) scores along `axis`; or classes: (N,), or integers in the label's shape; or (N, 1), the
    probability of class 1 of two

MXNet reads every prediction of the label's shape as classes; here floats of two or more axes are scores, because labels
become probabilities when samples are mixed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.params import declare, param
from mxtrain.metrics import _classes
from mxtrain.metrics._device import hits, rows_of_classes
from mxtrain.metrics._metric import Metric, OnDevice, Totals


@declare
class Params:
    """Share of positions whose class is predicted."""

    axis: int = param(1, doc="axis of the prediction that goes over the classes")
    ignore_label: int | None = param(None, doc="positions of this label are not counted")


def _classes_of(params: Params, label: NDArray[Any], prediction: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Labels and predicted classes, ignored positions left out."""
    as_classes = prediction.ndim == 1 or (prediction.shape == label.shape and prediction.dtype.kind in "iub")
    one_column = prediction.ndim == 2 and prediction.shape[1] == 1
    if not (as_classes or one_column):
        classes, scores = _classes.scored("accuracy", label, prediction, params.axis, params.ignore_label)
        return classes, np.argmax(scores, axis=1)
    if label.size != prediction.size:
        raise _classes.mismatch("accuracy", label, prediction, f"one class label for each of {prediction.size} samples")
    flat = prediction.reshape(-1)
    said = (flat > 0.5).astype(np.int64) if one_column and flat.dtype.kind == "f" else flat.astype(np.int64)
    classes = _classes.integers("accuracy", label)
    if params.ignore_label is not None:
        kept = classes != params.ignore_label
        classes, said = classes[kept], said[kept]
    return classes, said


def measure(params: Params, label: NDArray[Any], prediction: NDArray[Any]) -> Totals:
    """Number of positions predicted rightly, and of all."""
    classes, said = _classes_of(params, label, prediction)
    return np.array([np.count_nonzero(said == classes), classes.size], np.float64)


def value(params: Params, totals: Totals) -> float:
    """The share; NaN if nothing was counted."""
    return float(totals[0] / totals[1]) if totals[1] else float("nan")


def device_read(params: Params, sums: Totals, samples: int) -> Totals:
    """Rows predicted rightly, and all."""
    return np.array([sums[0], samples], np.float64)


METRIC = Metric(
    "accuracy", measure, value, ("correct", "count"), Params, device=OnDevice(rows_of_classes, hits, device_read)
)
