"""f1: harmonic mean of precision and recall, 2 tp / (2 tp + fp + fn), counted over all samples.

Shapes:
    label (N,) or (N, 1) classes, or (N, C) probabilities
    prediction (N, C) scores; for two classes also (N,) or (N, 1), over 0.5 meaning class 1

``binary`` is MXNet 1.9.1's F1 with average="micro": class 1 is the positive one. MXNet's default takes the mean of F1
over batches, so that it depends on how samples are cut into batches; ours never does. ``macro`` is the mean over the
classes that occur in labels or predictions.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from mxtrain.base.params import declare, param
from mxtrain.metrics import _classes
from mxtrain.metrics._metric import Metric, Totals

COUNTS = ("true_positive", "false_positive", "false_negative")


@declare
class Params:
    """Harmonic mean of precision and recall, of class 1 or averaged over classes."""

    average: Literal["binary", "macro"] = param("binary", doc="F1 of class 1 of two, or the mean of F1 over classes")
    num_classes: int = param(2, ge=2, le=100_000, doc="number of classes")

    @model_validator(mode="after")
    def _two_classes(self) -> Params:
        if self.average == "binary" and self.num_classes != 2:
            raise ValueError(
                f"average 'binary' is for 2 classes, got num_classes {self.num_classes}; use average: macro"
            )
        return self


def sums(params: Params) -> tuple[str, ...]:
    """Three counts, for each class if they are averaged; and the number of samples."""
    if params.average == "binary":
        return (*COUNTS, "count")
    return (*(f"{name}_{c}" for name in COUNTS for c in range(params.num_classes)), "count")


def measure(params: Params, label: NDArray[Any], prediction: NDArray[Any]) -> Totals:
    """The counts of this batch."""
    n = params.num_classes
    classes, said = _classes.predicted("f1", label, prediction, n)
    hits = np.bincount(classes[classes == said], minlength=n)
    counts = np.stack([hits, np.bincount(said, minlength=n) - hits, np.bincount(classes, minlength=n) - hits])
    if params.average == "binary":
        counts = counts[:, 1]
    return np.append(counts.reshape(-1), classes.size).astype(np.float64)


def value(params: Params, totals: Totals) -> float:
    """F1; 0 if class 1 occurs in neither labels nor predictions; NaN if nothing was counted."""
    if not totals[-1]:
        return float("nan")
    tp, fp, fn = totals[:-1].reshape(3, -1)
    occurs = tp + fp + fn > 0
    if not occurs.any():
        return 0.0
    tp, fp, fn = tp[occurs], fp[occurs], fn[occurs]
    return float((2 * tp / (2 * tp + fp + fn)).mean())


METRIC = Metric("f1", measure, value, sums, Params)
