"""What an optimizer is: a frozen record whose rule is written in ordinary pointwise operators.

No optimizer has a kernel. Its rule makes graph nodes over a long slice of an arena, and the chain pass makes them one
pass over memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from mxtrain.base.params import declare, param
from mxtrain.optim.expr import Expr, clip

TINY = 1e-37
"""The smallest epsilon: float32 has it in full, so that a gap of an arena, 0 / epsilon, stays 0."""


class Step(NamedTuple):
    """One update, as the host knows it.

    Args:
        number: counted from 1.
        lr: learning rate of this update, multiplier included.
        previous_lr: that of the update before (of this one, if it is the first).
        position: of the array among those that are updated, in the order of the net; 0 for a group of arrays.
        arrays: how many are updated.
    """

    number: int
    lr: float
    previous_lr: float
    position: int = 0
    arrays: int = 1


@dataclass(frozen=True)
class Slot:
    """What a rule sees: one slice of each arena.

    Args:
        weight: the parameters (N).
        grad: their gradients (N), summed over the batch.
        states: by name (N).
        scalars: what `Optimizer.scalars` gives, by name, 0-d.
        rescale_grad: 0-d; brings the sum to a mean.
        wd: weight decay, multiplier included.
        name: of the parameter, where a rule works array by array; else "".
    """

    weight: Expr
    grad: Expr
    states: Mapping[str, Expr]
    scalars: Mapping[str, Expr]
    rescale_grad: Expr
    wd: float
    name: str = ""

    def gradient(self, bound: float | None) -> Expr:
        """The gradient, rescaled, then clipped."""
        return clip(self.grad * self.rescale_grad, bound)

    def decay(self, x: Expr) -> Expr:
        """x + wd * weight."""
        return x + self.weight * self.wd if self.wd else x

    def gradient_then_decay(self, bound: float | None) -> Expr:
        """The gradient, rescaled, clipped, with the decay added."""
        return self.decay(self.gradient(bound))

    def decay_then_clip(self, bound: float | None) -> Expr:
        """The gradient, rescaled, with the decay added, then clipped."""
        return clip(self.decay(self.gradient(None)), bound)


@declare
class Common:
    """What every rule has."""

    lr: float = param(0.01, ge=0, doc="learning rate, from which the schedule starts")
    wd: float = param(0.0, ge=0, doc="weight decay, of parameters whose name ends in _weight or _gamma")
    clip_gradient: float | None = param(None, gt=0, doc="bound of each element of the rescaled gradient; null: none")


def only_lr(params: Any, step: Step) -> dict[str, float]:
    """The learning rate as it is."""
    return {"lr": step.lr}


@dataclass(frozen=True)
class Optimizer:
    """An update rule.

    Args:
        name: snake case, the name of its module.
        update: ``(params, slot) -> new values`` of "weight" and of every state.
        params: class made by base.params.declare, with the fields of Common.
        states: names of its states, or a function of the params. Each is an arena of its own, zero at first.
        scalars: ``(params, step) -> numbers`` that the rule reads as 0-d float32 buffers; computed in float64 on the
            host before each update.
        per_parameter: True if the rule needs each array for itself (its norm, its place), or a function of the params.
        decays: endings of the names of parameters that decay where nothing else is said.
        divides_by_lr: the rule has no meaning at a learning rate of 0.
    """

    name: str
    update: Callable[[Any, Slot], Mapping[str, Expr]]
    params: type
    states: tuple[str, ...] | Callable[[Any], tuple[str, ...]] = ()
    scalars: Callable[[Any, Step], Mapping[str, float]] = only_lr
    per_parameter: bool = False
    decays: tuple[str, ...] = ("_weight", "_gamma")
    divides_by_lr: bool = False

    def state_names(self, params: Any) -> tuple[str, ...]:
        """Names of the states with these params."""
        return self.states(params) if callable(self.states) else self.states
