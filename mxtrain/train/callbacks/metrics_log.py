"""The machine-readable log: one JSON object per event in metrics.jsonl."""

from __future__ import annotations

import time

from mxtrain.train.events import Callback, Event
from mxtrain.train.metrics_file import MetricsFile


def metrics_log(file: MetricsFile, every: int) -> Callback:
    """A callback that appends every so many batches, each epoch and each evaluation."""

    def tell(event: Event) -> None:
        if event.kind == "batch" and event.batch % every:
            return
        if event.kind not in ("batch", "epoch", "eval"):
            return
        line = {
            "event": {"batch": "train", "epoch": "epoch", "eval": "eval"}[event.kind],
            "epoch": event.epoch,
            "batch": event.batch,
            "metrics": dict(event.metrics.items()),
            "time": time.time(),
        }
        if event.kind != "eval":
            waited = event.waited / event.seconds if event.seconds else 0.0
            line |= {"lr": event.lr, "samples_per_sec": round(event.rate, 2), "data_wait_frac": round(waited, 4)}
        file.append(event.step, line)

    return tell
