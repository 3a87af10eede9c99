"""multi_factor: multiplied at given steps, as MXNet 1.9.1 (MultiFactorScheduler)."""

from __future__ import annotations

from mxtrain.base.errors import ConfigError
from mxtrain.base.params import declare, param
from mxtrain.optim.duration import Duration
from mxtrain.optim.schedules._schedule import Schedule, Span, Warmup


@declare
class Params(Warmup):
    """Multiplied by the factor after each of the given steps."""

    steps: tuple[Duration, ...] = param(min_length=1, doc="when, increasing: steps, or texts such as '30 epochs'")
    factor: float = param(1.0, gt=0, le=1, doc="what the rate is multiplied by")


def value(params: Params, base_lr: float, step: int, warmup: int, span: Span) -> float:
    """base_lr * factor ** k, with k the number of `steps` that lie before this step: a step itself has the old rate.

    Raises:
        ConfigError: if `steps` do not increase.
    """
    bounds = [span.steps(d) for d in params.steps]
    if bounds[0] < 1 or any(b <= a for a, b in zip(bounds, bounds[1:], strict=False)):
        raise ConfigError(f"schedule multi_factor: steps must increase from 1, got {', '.join(map(str, bounds))}")
    return float(base_lr * params.factor ** sum(step > b for b in bounds))


SCHEDULE = Schedule("multi_factor", value, Params)
