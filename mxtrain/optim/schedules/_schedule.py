"""What a learning-rate schedule is: a frozen record with a pure function of the step; and warmup, which all share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from mxtrain.base.errors import ConfigError
from mxtrain.base.params import declare, param
from mxtrain.optim.duration import Duration, in_steps


class Span(NamedTuple):
    """How long a run is.

    Args:
        total_steps: updates in the whole run; None if it has no known end.
        steps_per_epoch: updates in an epoch; None if the data has no known end.
    """

    total_steps: int | None = None
    steps_per_epoch: int | None = None

    def steps(self, duration: int | str) -> int:
        """A duration in steps.

        Raises:
            ConfigError: if it counts epochs of an unknown length.
        """
        return in_steps(duration, self.steps_per_epoch)

    def end(self, duration: int | str | None) -> int:
        """`duration` in steps; None stands for the whole run.

        Raises:
            ConfigError: if the run has no known end.
        """
        if duration is not None:
            return self.steps(duration)
        if self.total_steps is None:
            raise ConfigError("a schedule over the whole run needs its length; give max_update, or epochs or max_steps")
        return self.total_steps


@declare
class Warmup:
    """The part of every schedule that comes first."""

    warmup: Duration = param(0, doc="how long the rate rises at first: steps, or a text such as '5 epochs'")
    warmup_begin_lr: float = param(0.0, ge=0, doc="learning rate at the first step of the warmup")
    warmup_mode: Literal["linear", "constant"] = param(
        "linear", doc="linear: rises to lr in equal parts; constant: stays at warmup_begin_lr"
    )


@dataclass(frozen=True)
class Schedule:
    """A learning-rate schedule.

    Args:
        name: snake case, the name of its module.
        value: ``(params, base_lr, step, warmup steps, span) -> learning rate`` after the warmup.
        params: class made by base.params.declare, with the fields of Warmup.
    """

    name: str
    value: Callable[[Any, float, int, int, Span], float]
    params: type = Warmup


def learning_rate(schedule: Schedule, params: Any, base_lr: float, step: int, span: Span) -> float:
    """The learning rate of one update.

    Args:
        base_lr: the optimizer's.
        step: number of the update, counted from 1 as MXNet counts: the rate of update n is that after n updates.
        span: how long the run is.

    Raises:
        ConfigError: if a duration cannot be told in steps, or the warmup begins above `base_lr`.
    """
    warmup = span.steps(params.warmup)
    if step >= warmup:
        return schedule.value(params, base_lr, step, warmup, span)
    if params.warmup_begin_lr > base_lr:
        raise ConfigError(f"warmup_begin_lr must be at most lr ({base_lr:g}), got {params.warmup_begin_lr:g}")
    if params.warmup_mode == "constant":
        return float(params.warmup_begin_lr)
    return float(params.warmup_begin_lr + (base_lr - params.warmup_begin_lr) * step / warmup)
