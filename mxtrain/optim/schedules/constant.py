"""constant: one rate, after the warmup."""

from __future__ import annotations

from mxtrain.base.params import declare
from mxtrain.optim.schedules._schedule import Schedule, Span, Warmup


@declare
class Params(Warmup):
    """One rate, after the warmup."""


def value(params: Params, base_lr: float, step: int, warmup: int, span: Span) -> float:
    """base_lr."""
    return base_lr


SCHEDULE = Schedule("constant", value, Params)
