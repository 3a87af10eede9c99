"""MXNet's log lines, which its users' scripts match.

Epoch[3] Batch [20-40]	Speed: 1910.41 samples/sec	accuracy=0.5
Epoch[3] Train-accuracy=0.91
Epoch[3] Time cost=12.345
Epoch[3] Validation-accuracy=0.88
"""

from __future__ import annotations

import logging

from mxtrain.train.events import Callback, Event

log = logging.getLogger("mxtrain.fit")


def log_lines(every: int) -> Callback:
    """A callback that logs a line every so many batches, and those at the end of an epoch."""
    last = {"batch": 0, "samples": 0, "seconds": 0.0}

    def tell(event: Event) -> None:
        if event.kind == "batch" and event.batch % every == 0:
            _batch(event, last)
            last.update(batch=event.batch, samples=event.samples, seconds=event.seconds)
        elif event.kind == "epoch":
            for name, value in event.metrics.items():
                log.info("Epoch[%d] Train-%s=%f", event.epoch, name, value)
            log.info("Epoch[%d] Time cost=%.3f", event.epoch, event.seconds)
            if event.text:
                log.info("Epoch[%d] Data: %s", event.epoch, event.text)
            last.update(batch=0, samples=0, seconds=0.0)
        elif event.kind == "eval":
            for name, value in event.metrics.items():
                log.info("Epoch[%d] Validation-%s=%f", event.epoch, name, value)
        elif event.kind == "saved":
            log.info('Saved checkpoint to "%s"', event.name)
        elif event.kind == "notice":
            log.info("%s", event.text)

    return tell


def _batch(event: Event, last: dict[str, float]) -> None:
    seconds = event.seconds - last["seconds"]
    speed = (event.samples - last["samples"]) / seconds if seconds > 0 else 0.0
    shown = "\t".join(f"{k}={v:f}" for k, v in event.metrics.items())
    first = int(last["batch"])
    log.info("Epoch[%d] Batch [%d-%d]\tSpeed: %.2f samples/sec\t%s", event.epoch, first, event.batch, speed, shown)
