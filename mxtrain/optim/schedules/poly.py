"""poly: falls as a power of what is left, as MXNet 1.9.1 (PolyScheduler)."""

from __future__ import annotations

from mxtrain.base.params import declare, param
from mxtrain.optim.duration import Duration
from mxtrain.optim.schedules._schedule import Schedule, Span, Warmup


@declare
class Params(Warmup):
    """Falls from lr to final_lr as a power of the part of the run that is left."""

    power: float = param(2.0, gt=0, doc="exponent")
    final_lr: float = param(0.0, ge=0, doc="rate at the end")
    max_update: Duration | None = param(
        None, doc="when final_lr is reached: steps, or '90 epochs'; null: at the end of the run"
    )


def value(params: Params, base_lr: float, step: int, warmup: int, span: Span) -> float:
    """final_lr + (base_lr - final_lr) * (1 - (step - warmup) / (max_update - warmup)) ** power, final_lr afterwards.

    Raises:
        ConfigError: if the end is not known.
    """
    end = span.end(params.max_update)
    if step >= end:
        return params.final_lr
    return float(params.final_lr + (base_lr - params.final_lr) * (1 - (step - warmup) / (end - warmup)) ** params.power)


SCHEDULE = Schedule("poly", value, Params)
