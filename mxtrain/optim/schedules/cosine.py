"""cosine: falls as half a period of a cosine, as MXNet 1.9.1 (CosineScheduler).

Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, without restarts.
"""

from __future__ import annotations

import math

from mxtrain.base.params import declare, param
from mxtrain.optim.duration import Duration
from mxtrain.optim.schedules._schedule import Schedule, Span, Warmup


@declare
class Params(Warmup):
    """Falls from lr to final_lr as half a period of a cosine."""

    final_lr: float = param(0.0, ge=0, doc="rate at the end")
    max_update: Duration | None = param(
        None, doc="when final_lr is reached: steps, or '90 epochs'; null: at the end of the run"
    )


def value(params: Params, base_lr: float, step: int, warmup: int, span: Span) -> float:
    """final_lr + (base_lr - final_lr) * (1 + cos(pi (step - warmup) / (max_update - warmup))) / 2.

    final_lr afterwards.

    Raises:
        ConfigError: if the end is not known.
    """
    end = span.end(params.max_update)
    if step >= end:
        return params.final_lr
    angle = math.pi * (step - warmup) / (end - warmup)
    return params.final_lr + (base_lr - params.final_lr) * (1 + math.cos(angle)) / 2


SCHEDULE = Schedule("cosine", value, Params)
