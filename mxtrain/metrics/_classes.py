"""Bringing labels and predictions together: which class each sample has, and what the prediction says of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.errors import DataError, ShapeError
from mxtrain.metrics._metric import Totals

Classes = NDArray[np.int64]


def mismatch(metric: str, label: NDArray[Any], prediction: NDArray[Any], expected: str) -> ShapeError:
    """The error for arrays that do not belong together."""
    return ShapeError(
        f"metric {metric!r}: label {label.shape} does not fit prediction {prediction.shape}; expected {expected}"
    )


def rows(metric: str, prediction: NDArray[Any], axis: int) -> NDArray[Any]:
    """Predictions as (positions, classes), the class axis moved to the end.

    Raises:
        ShapeError: if there is no such axis.
    """
    if not -prediction.ndim <= axis < prediction.ndim:
        raise ShapeError(
            f"metric {metric!r}: prediction {prediction.shape} has no axis {axis} for the classes; "
            f"set 'axis', or use a head that predicts one score per class"
        )
    moved = np.moveaxis(prediction, axis, -1)
    return moved.reshape(-1, moved.shape[-1])


def is_soft(label: NDArray[Any], prediction: NDArray[Any], axis: int) -> bool:
    """True if labels are probabilities: they have the shape of predictions that have a class axis of two or more."""
    return (
        label.shape == prediction.shape
        and label.ndim > 1
        and -label.ndim <= axis < label.ndim
        and label.shape[axis] > 1
        and prediction.dtype.kind == "f"
    )


def integers(metric: str, label: NDArray[Any]) -> Classes:
    """Labels as flat int64.

    Raises:
        DataError: naming the first label that is not a whole number.
    """
    flat = label.reshape(-1)
    if flat.dtype.kind != "f":
        return flat.astype(np.int64)
    whole = np.isfinite(flat) & (np.trunc(flat) == flat)
    if not whole.all():
        at = int(np.argmin(whole))
        raise DataError(f"metric {metric!r}: label {flat[at]} at position {at} is not a class; expected a whole number")
    return flat.astype(np.int64)


def scored(
    metric: str, label: NDArray[Any], prediction: NDArray[Any], axis: int, ignore_label: int | None = None
) -> tuple[Classes, NDArray[Any]]:
    """Class labels beside the scores of every class, ignored positions left out.

    Args:
        metric: whose name an error gives.
        label: any shape, one class per position; or probabilities, in the prediction's shape (their largest counts).
        prediction: one score per class along `axis`.
        axis: the class axis of the prediction.
        ignore_label: positions of this label are left out.

    Returns:
        labels (P,), scores (P, C).

    Raises:
        ShapeError: if there is not one label per position.
        DataError: for a label outside 0..C-1.
    """
    scores = rows(metric, prediction, axis)
    if is_soft(label, prediction, axis):
        return np.argmax(rows(metric, label, axis), axis=1), scores
    if label.size != len(scores):
        raise mismatch(metric, label, prediction, f"one class label for each of {len(scores)} positions")
    classes = integers(metric, label)
    if ignore_label is not None:
        kept = classes != ignore_label
        classes, scores = classes[kept], scores[kept]
    in_range(metric, classes, scores.shape[1])
    return classes, scores


def in_range(metric: str, classes: Classes, count: int) -> None:
    """Check class labels.

    Raises:
        DataError: naming the first label outside 0..count-1.
    """
    # One comparison for both ends: as uint64 a negative label is huge.
    if classes.size and int(classes.view(np.uint64).max()) >= count:
        bad = int(classes[(classes < 0) | (classes >= count)][0])
        raise DataError(
            f"metric {metric!r}: label {bad} is outside the {count} classes of the prediction (0..{count - 1}); "
            f"correct the data or num_hidden of the last layer, or give 'ignore_label' where the metric has it"
        )


def picked(classes: Classes, scores: NDArray[Any]) -> NDArray[np.float64]:
    """The score of each position's own class, (P,) float64."""
    own: NDArray[np.float64] = np.take_along_axis(scores, classes[:, None], axis=1)[:, 0].astype(np.float64)
    return own


def predicted(metric: str, label: NDArray[Any], prediction: NDArray[Any], count: int) -> tuple[Classes, Classes]:
    """Class labels and predicted classes, for metrics that count pairs of them.

    Args:
        metric: whose name an error gives.
        label: (N,) or (N, 1) class labels, or (N, count) probabilities.
        prediction: (N, count) scores; with two classes also (N,) or (N, 1): over 0.5 means class 1.
        count: number of classes.

    Raises:
        ShapeError: if they are neither.
        DataError: for a label outside 0..count-1.
    """
    columns = prediction.shape[1] if prediction.ndim == 2 else prediction.ndim
    if prediction.ndim in (1, 2) and columns == 1 and count == 2:
        if label.size != prediction.size:
            raise mismatch(metric, label, prediction, f"one class label for each of {prediction.size} samples")
        classes = integers(metric, label)
        in_range(metric, classes, count)
        return classes, (prediction.reshape(-1) > 0.5).astype(np.int64)
    if prediction.ndim != 2 or columns != count:
        raise mismatch(metric, label, prediction, f"a prediction of shape (N, {count}): one score for each class")
    classes, scores = scored(metric, label, prediction, 1)
    return classes, np.argmax(scores, axis=1)


def paired(metric: str, label: NDArray[Any], prediction: NDArray[Any]) -> tuple[Totals, Totals]:
    """Labels and predictions of a regression, flat float64, one beside the other.

    Raises:
        ShapeError: if their shapes differ otherwise than by axes of length 1 at the end.
    """
    if core(label.shape) != core(prediction.shape):
        raise mismatch(metric, label, prediction, f"a label of shape {prediction.shape}, one number per predicted one")
    return label.reshape(-1).astype(np.float64), prediction.reshape(-1).astype(np.float64)


def core(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without the axes of length 1 at its end."""
    while len(shape) > 1 and shape[-1] == 1:
        shape = shape[:-1]
    return shape
