"""factor: multiplied again and again after equal numbers of steps, as MXNet 1.9.1 (FactorScheduler)."""

from __future__ import annotations

from mxtrain.base.errors import ConfigError
from mxtrain.base.params import declare, param
from mxtrain.optim.duration import Duration
from mxtrain.optim.schedules._schedule import Schedule, Span, Warmup


@declare
class Params(Warmup):
    """Multiplied by the factor after every so many steps, down to a lowest rate."""

    step: Duration = param(doc="after how long the rate is multiplied, again and again: steps, or '30 epochs'")
    factor: float = param(1.0, gt=0, le=1, doc="what it is multiplied by")
    stop_factor_lr: float = param(1e-8, ge=0, doc="lowest rate")


def value(params: Params, base_lr: float, step: int, warmup: int, span: Span) -> float:
    """base_lr * factor ** k, with k = (step - 1) // params.step: the step itself still has the old rate.

    Steps of the warmup count. A rate below `stop_factor_lr` becomes that.

    Raises:
        ConfigError: if params.step is no step at all.
    """
    every = span.steps(params.step)
    if every < 1:
        raise ConfigError(f"schedule factor: step must be at least one step, got {params.step!r}")
    times = max(step - 1, 0) // every
    return max(float(base_lr * params.factor**times), params.stop_factor_lr) if times else base_lr


SCHEDULE = Schedule("factor", value, Params)
