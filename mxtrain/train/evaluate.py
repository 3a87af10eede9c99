"""Evaluation: every sample of a data set counted exactly once, whatever the batch size."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from mxtrain.base.types import TensorType
from mxtrain.data.batch import Batch
from mxtrain.data.iterator import DataIter
from mxtrain.executor import Plan
from mxtrain.metrics import MetricSet
from mxtrain.train.events import Event
from mxtrain.train.feeder import Feeder
from mxtrain.train.program import Program

Arrays = dict[str, NDArray[np.float32]]


def batch_types(it: DataIter, rows: int, *, labels: Mapping[str, str] | None = None) -> dict[str, TensorType]:
    """Types of the net's inputs for a batch of `rows`.

    Args:
        labels: names of the labels in the source -> in the net; None leaves labels out (prediction).
    """
    types = {n: TensorType((rows, *t.shape[1:]), t.dtype) for n, t in it.net_types.inputs.items()}
    for name, t in it.net_types.labels.items() if labels is not None else ():
        types[(labels or {}).get(name, name)] = TensorType((rows, *t.shape[1:]), t.dtype)
    return types


def named_outputs(program: Program, plan: Plan) -> Arrays:
    """The outputs of a plan by the name of their head in the net."""
    return {e.node.name: program.device.fetch(a) for e, a in zip(program.heads, plan.outputs, strict=False)}


def count(metrics: MetricSet, labels: Arrays, outputs: Arrays, batch: Batch) -> None:
    """Count a batch's real samples."""
    if not batch.errors:
        metrics.update(labels, outputs, batch.valid)
        return
    rows = batch.mask
    metrics.update({n: a[rows] for n, a in labels.items()}, {n: a[rows] for n, a in outputs.items()})


def evaluate(
    program: Program,
    it: DataIter,
    feeder: Feeder,
    metrics: MetricSet,
    *,
    on_batch: Callable[[Event], None] = lambda event: None,
    stop: Callable[[], bool] = lambda: False,
) -> dict[str, float]:
    """The metrics over all samples of `it`.

    Args:
        on_batch: told after each batch.
        stop: asked after each batch; True ends early.
    """
    metrics.reset()
    begun, seen = time.monotonic(), 0
    with it.epoch(0) as batches:
        for k, batch in enumerate(batches):
            # Losses that layers make of labels read them here too.
            plan = program.prediction(batch_types(it, len(batch.ids), labels=feeder.names))
            feeder.feed(plan, batch)
            program.store.numbers.send()
            it.computing()
            plan.run()
            labels = {feeder.names.get(n, n): a for n, a in batch.labels.items()}
            count(metrics, labels, named_outputs(program, plan), batch)
            seen += batch.valid
            on_batch(Event("batch", batch=k + 1, batches=it.batches, seconds=time.monotonic() - begun, samples=seen))
            if stop():
                break
    return metrics.values()
