"""Sums of metrics where the net runs: rows (N, C) of scores and one class (N,) for each, to one number.

Operators of their own, in array code that is compiled for a GPU: users cannot write them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mxtrain.backends import cuda
from mxtrain.base.device import Device
from mxtrain.base.types import PartialType, Shape
from mxtrain.graph import Call, Entry, Kernel, Node, Op, Recipe, apply

Types = Sequence[PartialType]
Run = Callable[[Node, Any, Sequence[Any], Sequence[Any]], None]


@dataclass(frozen=True)
class Params:
    """What is added to a probability before its logarithm."""

    eps: float = 0.0


def rows_of_classes(params: Any, label: Shape, prediction: Shape) -> bool:
    """True for rows of scores with one class each, none of them ignored."""
    return len(prediction) == 2 and label == prediction[:1] and params.axis in (1, -1) and params.ignore_label is None


def _infer(params: Params, ins: Types, outs: Types) -> tuple[Types, Types]:
    return ins, [PartialType((), ins[1].dtype)]


def _classes(xp: Any, scores: Any) -> Any:
    """(1, C) 0, 1, 2..."""
    return xp.arange(scores.shape[1], dtype=np.float32).reshape(1, scores.shape[1])


def _hits(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    label, scores = ins
    count = scores.shape[1]
    # The first of several largest scores, as argmax.
    at_top = scores == xp.max(scores, axis=1, keepdims=True)
    said = xp.min(xp.where(at_top, _classes(xp, scores), float(count)), axis=1)
    outs[0][...] = xp.sum(xp.where(said == label, 1.0, 0.0))


def _surprise(node: Node, xp: Any, ins: Sequence[Any], outs: Sequence[Any]) -> None:
    label, scores = ins
    chosen = _classes(xp, scores) == label.reshape(label.shape[0], 1)
    p = xp.sum(xp.where(chosen, scores, 0.0), axis=1)
    # eps is far below what float32 tells from 0 beside any p that matters, and keeps log finite at 0.
    outs[0][...] = xp.sum(0.0 - xp.log(p + max(node.params.eps, 1e-37)))


def _reference(run: Run) -> Kernel:
    def kernel(node: Node, device: Device) -> Recipe | None:
        def prepare(ins: Sequence[Any], outs: Sequence[Any], scratch: Any) -> Call:
            return run, (node, device.xp, ins, outs)

        return Recipe(prepare)

    return kernel


HITS = Op(
    "count_hits", _infer, {"reference": _reference(_hits), "cuda": cuda.array_kernel(_hits)},
    params=Params, inputs=("label", "data"),
)  # fmt: skip
SURPRISE = Op(
    "sum_surprise", _infer, {"reference": _reference(_surprise), "cuda": cuda.array_kernel(_surprise)},
    params=Params, inputs=("label", "data"),
)  # fmt: skip


def hits(params: Any, label: Entry, prediction: Entry) -> list[Entry]:
    """How many rows have their largest score where the label says."""
    return [apply(HITS, "hits", label, prediction)]


def surprise(params: Any, label: Entry, prediction: Entry) -> list[Entry]:
    """The sum of -log(p + eps) of the classes that the labels say."""
    return [apply(SURPRISE, "surprise", label, prediction, eps=float(params.eps))]
