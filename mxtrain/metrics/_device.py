"""Sums of metrics in ordinary operators, for devices: rows (N, C) of scores and one class (N,) for each."""

from __future__ import annotations

from typing import Any

from mxtrain import ops
from mxtrain.base.types import Shape
from mxtrain.graph import Entry, apply


def rows_of_classes(params: Any, label: Shape, prediction: Shape) -> bool:
    """True for rows of scores with one class each, none of them ignored."""
    return len(prediction) == 2 and label == prediction[:1] and params.axis in (1, -1) and params.ignore_label is None


def hits(params: Any, label: Entry, prediction: Entry) -> list[Entry]:
    """How many rows have their largest score where the label says."""
    said = apply(ops.get("argmax"), "said", prediction, axis=1)
    return [apply(ops.get("sum"), "hits", apply(ops.get("equal"), "right", said, label))]


def surprise(params: Any, label: Entry, prediction: Entry) -> list[Entry]:
    """The sum of -log(p + eps) of the classes that the labels say."""
    p = apply(ops.get("pick"), "picked", prediction, label, axis=1)
    # eps is far below what float32 tells from 0 beside any p that matters, and keeps log finite at 0.
    logs = apply(ops.get("log"), "logs", apply(ops.get("plus_scalar"), "shifted", p, scalar=max(params.eps, 1e-37)))
    return [apply(ops.get("negative"), "surprise", apply(ops.get("sum"), "log_sum", logs))]
